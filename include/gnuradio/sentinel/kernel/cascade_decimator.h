/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gnuradio/gr_complex.h>
#include <gnuradio/sentinel/api.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace gr {
namespace sentinel {
namespace kernel {

/*!
 * \brief One narrow channel of a wide stream: mix, then low-pass and decimate in stages.
 *
 * Sample n is multiplied by exp(2j pi shift n / fs) first, so that what lies at -shift
 * comes to 0 Hz; then the stages of cascade_design.h follow. With h the impulse response
 * of all stages together, 2 G + 1 values long, and D the decimation
 *
 *     y[n] = sum_l h[l] x'[n D + G - l]
 *
 * with x' zero before the first sample and after the last: the group delay G is taken
 * out, output n is centred on input n D, N inputs give ceil(N / D) outputs. The first
 * ceil(G / D) and the last are computed from a window that reaches beyond the samples; G
 * is about 10 D for 8 x 5 x 5.
 *
 * The phase of the oscillator is a function of the index of a sample alone, exact to 2e-7
 * rad after 2^40. Results do not depend on how the input is cut into calls. Nothing is
 * allocated after construction. Not thread-safe.
 *
 * Cost per input sample for 8 x 5 x 5: 2 complex multiplications, 20 multiply-adds of a
 * tap with a complex sample.
 */
class SENTINEL_API cascade_decimator
{
public:
    struct progress {
        size_t consumed; //!< input samples taken
        size_t produced; //!< outputs written
    };

    //! Throws std::invalid_argument: a rate or shift that is none, or cascade_factors().
    cascade_decimator(double sample_rate, size_t decimation, double shift_hz);
    ~cascade_decimator();
    cascade_decimator(cascade_decimator&&) noexcept;
    cascade_decimator& operator=(cascade_decimator&&) noexcept;

    //! Factors of the stages.
    const std::vector<size_t>& factors() const;
    size_t decimation() const;
    //! Outputs that process() would have given after `samples` more.
    size_t outputs_after(size_t samples) const;
    //! Outputs that flush() would give now.
    size_t outputs_at_end() const;

    /*!
     * Takes up to `samples` and writes up to `capacity` outputs; stops early only when
     * `out` is full. Output n comes with sample n D + G.
     */
    progress
    process(const gr_complex* in, size_t samples, gr_complex* out, size_t capacity);

    //! Writes up to `capacity` of the outputs still due, zeros following the input;
    //! returns their number, 0 when done. Only reset() leads back to process().
    size_t flush(gr_complex* out, size_t capacity);

    //! Begins anew; the first sample to come has this index for the oscillator.
    void reset(uint64_t first_index = 0);

    //! Tunes anew from the next sample on, with the phase as if tuned so all along.
    //! Throws std::invalid_argument outside +-sample_rate / 2.
    void tune(double shift_hz, double sample_rate);

private:
    struct impl;
    std::unique_ptr<impl> d_impl;
};

} // namespace kernel
} // namespace sentinel
} // namespace gr
