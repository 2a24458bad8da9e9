/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gnuradio/gr_complex.h>
#include <gnuradio/sentinel/api.h>

#include <cstddef>
#include <cstdint>

namespace gr {
namespace sentinel {
namespace kernel {

/*!
 * \brief A carrier whose frequency and amplitude follow straight lines between knots.
 *
 *     y[n] = a[n] exp(2 pi i p[n]),   p[n + 1] = p[n] + f[n]
 *
 * f (cycles per sample, in -0.5 .. 0.5) and a are given every `interval` samples and
 * interpolated in between. The phase is kept to 2^-64 of a turn, so it stays right over
 * hours. Cost: about 1.5 ns a sample.
 */
class SENTINEL_API modulated_carrier
{
public:
    static constexpr size_t interval = 8;

    //! `phase` of the first sample in turns.
    explicit modulated_carrier(double phase = 0.0);

    /*!
     * Adds `intervals` * `interval` samples to `out`; `frequency` and `amplitude` hold
     * `intervals` + 1 knots, the last of which is the first of the next call.
     */
    void add(const double* frequency,
             const float* amplitude,
             size_t intervals,
             gr_complex* out);

private:
    uint64_t d_phase;
};

} // namespace kernel
} // namespace sentinel
} // namespace gr
