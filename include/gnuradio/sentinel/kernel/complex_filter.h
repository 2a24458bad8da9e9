/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gnuradio/gr_complex.h>
#include <gnuradio/sentinel/api.h>

#include <cstddef>
#include <vector>

namespace gr {
namespace sentinel {
namespace kernel {

/*!
 * \brief Filter with complex taps: y[n] = sum_l h[l] x[n - l], x zero before the first
 * sample.
 *
 * Sixteen outputs share each weight. Every output is summed in the same order, so results
 * do not depend on the calls. Cost: about 0.25 ns per tap and sample.
 */
class SENTINEL_API complex_filter
{
public:
    //! Raises std::invalid_argument without taps.
    explicit complex_filter(const std::vector<gr_complex>& taps);

    //! `in` and `out` may be the same.
    void process(const gr_complex* in, gr_complex* out, size_t count);

private:
    static constexpr size_t d_block = 1024;

    const size_t d_history;                //!< taps - 1
    std::vector<float> d_tap_re, d_tap_im; //!< reversed
    std::vector<float> d_re, d_im;         //!< history, then a block of inputs
};

} // namespace kernel
} // namespace sentinel
} // namespace gr
