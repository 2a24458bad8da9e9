/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gnuradio/gr_complex.h>

#include <cstddef>
#include <vector>

namespace gr {
namespace sentinel {
namespace kernel {

/*!
 * \brief Decimating filter with real taps, the first output from the first full window.
 *
 *     y[n] = sum_l h[l] x[n D + L - 1 - l]
 *
 * Samples are written straight into its buffer: reserve(), then commit(). Cost: L D^-1
 * real-times-complex multiply-adds per sample; four outputs at a time share the weights.
 * Every output is summed in the same order, so results do not depend on the calls.
 */
class fir_stage
{
public:
    //! `most` samples at a time may be reserved.
    fir_stage(size_t factor, const std::vector<double>& taps, size_t most);

    //! Forgets all samples.
    void reset();
    //! Room for `count` samples; valid until commit().
    gr_complex* reserve(size_t count);
    //! So many of them have been written.
    void commit(size_t count) { d_end += count; }
    //! Outputs that run() would give.
    size_t ready() const;
    //! Writes them all and returns their number.
    size_t run(gr_complex* out);

private:
    static constexpr size_t batch = 4;

    const size_t d_factor, d_padding; //!< weights of zero in front
    std::vector<float> d_weights;     //!< reversed taps, each twice: real, imaginary
    std::vector<gr_complex> d_buffer;
    size_t d_begin = 0, d_end = 0; //!< next window, one past the last sample
};

} // namespace kernel
} // namespace sentinel
} // namespace gr
