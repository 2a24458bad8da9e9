/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pulse_scene.h"

#include <gnuradio/sentinel/kernel/pulse_correlator.h>

#include <boost/test/unit_test.hpp>

#include <complex>

using namespace gr::sentinel::kernel;

namespace {
// The matched filter of a rectangular pulse, straight from the samples.
double power_at(const pulse_scene& scene, long first, double frequency)
{
    std::complex<double> sum;
    for (size_t n = 0; n < scene.geometry.window; n++) {
        const long at = first + static_cast<long>(n);
        if (at >= 0 && at < static_cast<long>(scene.samples.size()))
            sum += std::complex<double>(scene.samples[at]) *
                   std::polar(1.0, -2.0 * M_PI * frequency * n);
    }
    return std::norm(sum);
}

void compare(size_t window, size_t hop, size_t rows)
{
    pulse_train_geometry g;
    g.window = window;
    g.hop = hop;
    g.rows = rows;
    g.interval_samples = 7.37 * window;
    g.pulses = 3;
    const pulse_scene scene(g);
    const auto scores = scene.scores();
    pulse_correlator correlator(g, {});
    BOOST_CHECK(correlator.reach() >= static_cast<long>(window / 2));
    const long last = static_cast<long>(scene.samples.size() - window);
    const long third = std::lround(2 * g.interval_samples);
    // Inside, before the cycle and past its end, where all but a part reads as zero.
    for (long start :
         { 0L, 5L, 100L, -static_cast<long>(window) / 2, last - third + 3 }) {
        correlator.gather(scores.data(), start);
        for (double frequency : { -0.5, -0.2113, 0.0, 0.31 }) {
            correlator.tune(frequency);
            for (long shift = -correlator.reach(); shift <= correlator.reach(); shift++) {
                double sum = 0.0;
                for (unsigned k = 0; k < 3; k++) {
                    const long at = start + shift + std::lround(k * g.interval_samples);
                    const double expected = power_at(scene, at, frequency);
                    sum += expected;
                    // Single precision of sums of `window` samples of unit power.
                    BOOST_REQUIRE_SMALL(correlator.power(k, shift) - expected,
                                        1e-4 * window + 1e-4 * expected);
                }
                BOOST_REQUIRE_SMALL(correlator.power(shift) - sum, 3e-4 * (window + sum));
            }
        }
    }
}
} // namespace

BOOST_AUTO_TEST_CASE(equals_the_filter_on_the_samples)
{
    compare(58, 29, 128);
    compare(61, 31, 122);
}

BOOST_AUTO_TEST_CASE(any_hop)
{
    compare(16, 1, 16);
    compare(16, 5, 32);
    compare(16, 16, 32);
    compare(4, 2, 16);
}
