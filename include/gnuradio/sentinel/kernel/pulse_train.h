/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gnuradio/sentinel/api.h>

#include <cstddef>
#include <vector>

namespace gr {
namespace sentinel {
namespace kernel {

//! What fixes the statistics of a pulse-train search; two equal ones share a calibration.
struct SENTINEL_API pulse_train_geometry {
    size_t window = 58;               //!< samples of one pulse
    size_t hop = 29;                  //!< samples between windows
    size_t rows = 128;                //!< frequency rows
    double interval_samples = 7680.0; //!< inter-pulse interval, samples, fractional
    unsigned pulses = 5;              //!< K, pulses summed
    double lowest = -0.5;             //!< first frequency searched, cycles per sample
    double highest = 0.5;             //!< last frequency searched, cycles per sample

    //! Interval in whole windows, rounded (never floored: 2.7 dB would be lost).
    size_t interval_windows() const;
    //! Windows of one cycle: K intervals, rounded or exact, whichever is longer, and one
    //! more.
    size_t cycle_windows() const;
    //! Samples under the windows of one cycle.
    size_t cycle_samples() const;
    //! First window after that of a train's first pulse by k intervals: round(k interval
    //! / hop).
    size_t pulse_window(unsigned k) const;
    //! Windows at which a train may start.
    size_t starts() const;
    //! Row that answers a frequency, nearest, limited to the table.
    size_t row_of(double frequency) const;
    //! \throws std::invalid_argument with the value and the rule it breaks
    void validate() const;
};

//! Why a train above the threshold is not declared.
enum class verdict {
    pulses,  //!< declared
    level,   //!< clicks, a noise step or side lobes raise the windows of its pulses
    traffic, //!< its frequency is as busy off its schedule as on it
    missing, //!< too much of the sum is in too few pulses
    faster   //!< pulses lie between the pulses: a tag, or clicks, at a fraction of the
             //!< interval
};

//! One pulse train found in one cycle.
struct SENTINEL_API pulse_train {
    double start =
        0.0; //!< first sample of the first pulse, from the cycle's first sample
    double frequency = 0.0; //!< cycles per sample, interpolated
    double interval = 0.0;  //!< from pulse to pulse as measured, samples
    float score = 0.0f; //!< sum over K pulses of power over noise: the decision statistic
    //! The same after the tests: each pulse over the level of its window, and priced by
    //! how common it is in its row.
    float traffic_score = 0.0f;
    float noise = 0.0f; //!< power of a noise cell at its frequency, nw * s2
    verdict reason = verdict::pulses;
    std::vector<double>
        pulse_starts;                //!< K sample positions from the cycle's first sample
    std::vector<float> pulse_scores; //!< K powers over noise
    //! Which of the K lie in filled samples; empty means none.
    std::vector<bool> pulse_filled;
};

} // namespace kernel
} // namespace sentinel
} // namespace gr
