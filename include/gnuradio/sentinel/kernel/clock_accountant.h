/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gnuradio/sentinel/api.h>

#include <cstdint>

namespace gr {
namespace sentinel {
namespace kernel {

/*!
 * \brief Estimates losses of a source that has neither numbers nor stamps, by comparing
 * samples received with a monotonic clock.
 *
 * The lead is samples received - elapsed time * rate. Samples come in chunks and late,
 * never early, so the largest lead of a few seconds is the punctual one. Each minute the
 * punctual leads of its begin and end are compared: a fall by more than 100 ppm of the
 * samples elapsed is a loss, smaller ones are a clock that runs a little off, a rise is
 * none.
 */
class SENTINEL_API clock_accountant
{
public:
    static constexpr double period_s = 60;
    static constexpr double window_s = 6; // that the punctual lead is taken from
    static constexpr double tolerance = 100e-6;

    explicit clock_accountant(double sample_rate) : d_rate(sample_rate) {}

    /*!
     * `samples` have come at monotonic time now_ns. Returns the estimated loss since the
     * last comparison, 0 unless a comparison is due and finds one.
     */
    uint64_t add(uint64_t samples, uint64_t now_ns);

private:
    enum class phase { opening, waiting, closing };

    double lead(uint64_t now_ns) const;
    uint64_t compare(uint64_t now_ns);

    const double d_rate;
    phase d_phase = phase::opening;
    bool d_started = false;
    uint64_t d_anchor_ns = 0; // of the count below
    uint64_t d_received = 0;
    uint64_t d_begin_ns = 0; // of the phase
    double d_first_lead = 0;
    double d_lead = 0; // largest of the phase
};

} // namespace kernel
} // namespace sentinel
} // namespace gr
