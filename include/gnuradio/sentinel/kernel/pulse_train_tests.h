/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gnuradio/gr_complex.h>
#include <gnuradio/sentinel/api.h>
#include <gnuradio/sentinel/kernel/pulse_correlator.h>
#include <gnuradio/sentinel/kernel/pulse_train.h>

#include <cstddef>
#include <vector>

namespace gr {
namespace sentinel {
namespace kernel {

/*!
 * \brief Tells a pulse train from what only sums up like one.
 *
 * The sum of K powers is the right statistic in white noise. Clicks, steps of the noise,
 * side lobes of strong signals, lone bursts and tags of another interval also make large
 * sums. Each test below looks at one of these, and each is lenient enough that together
 * they cost a train of five pulses in white noise about 0.1 dB (docs/results-pulse.md).
 */
class SENTINEL_API pulse_train_tests
{
public:
    pulse_train_tests(const pulse_train_geometry& geometry,
                      const std::vector<gr_complex>& pulse_template);

    /*!
     * \param train score, frequency, start and pulse_scores filled in; traffic_score is
     *        filled in here
     * \param normalized cycle_windows() x rows, power over noise
     * \param correlator holds the cycle's scores, tuned to the train's frequency
     */
    verdict judge(pulse_train& train,
                  float threshold,
                  const float* normalized,
                  const gr_complex* scores,
                  pulse_correlator& correlator);

private:
    void discount(const pulse_train& train, const float* normalized);
    float window_level(const float* cells);
    float leakage(const float* cells, size_t row) const;
    float traffic_score(const pulse_train& train, const float* normalized) const;
    void assume_filled(const pulse_train& train);
    bool misses_pulses(float threshold) const;
    bool has_faster_train(const pulse_train& train,
                          const gr_complex* scores,
                          pulse_correlator& correlator) const;

    pulse_train_geometry d_geometry;
    std::vector<float>
        d_leak; // largest share of a cell's power at this many rows or more
    std::vector<float> d_pulses; // pulse scores after discount
    std::vector<float> d_sorted; // scratch, rows
    size_t d_main_lobe;          // rows on either side that belong to the pulse itself
    float d_lone_pulse_limit;
};

} // namespace kernel
} // namespace sentinel
} // namespace gr
