/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gnuradio/gr_complex.h>

#include <cstddef>
#include <memory>
#include <vector>

namespace gr {
namespace sentinel {
namespace kernel {

/*!
 * \brief Selected bins of an M-point DFT with a phase reference outside the data.
 *
 *     out[c] = sum_r u[r] exp(-2j pi k_c (r + start) / M),   0 <= r < length <= M
 */
class bin_transform
{
public:
    virtual ~bin_transform() = default;
    //! `start` is reduced modulo M by the caller.
    virtual void run(const gr_complex* folded, size_t start, gr_complex* out) = 0;
    virtual void set_bin(size_t channel, size_t bin) = 0;
};

//! By FFT: the data are rotated by `start` instead of turning every bin afterwards.
std::unique_ptr<bin_transform>
make_fft_transform(size_t fft_size, size_t length, const std::vector<size_t>& bins);

//! By one dot product per bin, cheaper for a few bins.
std::unique_ptr<bin_transform>
make_direct_transform(size_t fft_size, size_t length, const std::vector<size_t>& bins);

} // namespace kernel
} // namespace sentinel
} // namespace gr
