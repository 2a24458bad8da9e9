/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gnuradio/gr_complex.h>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace gr {
namespace sentinel {
namespace kernel {

/*!
 * \brief Multiplies a stream by exp(2j pi n step), as a function of the index n alone.
 *
 * Index n is split at a multiple of 256: a phasor computed in double for the multiple,
 * times one from a table for the rest. So the phase neither drifts nor depends on where
 * calls begin.
 */
class mixer
{
public:
    mixer();

    //! Sets the advance per sample, in turns as a 64-bit fraction; 0 only copies.
    void set_step(uint64_t step);

    //! out[i] = in[i] exp(2j pi (n + i) step); zeros where `in` is null.
    void run(uint64_t n, const gr_complex* in, size_t count, gr_complex* out) const;

private:
    static constexpr size_t d_length = 256;
    uint64_t d_step = 0;
    std::vector<float> d_re, d_im; //!< of the table, each value twice
};

} // namespace kernel
} // namespace sentinel
} // namespace gr
