/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pulse_scene.h"

#include <gnuradio/sentinel/kernel/pulse_train_tests.h>

#include <boost/test/unit_test.hpp>

#include <numeric>

using namespace gr::sentinel::kernel;

namespace {
constexpr double start = 2000.0, frequency = 0.2;
constexpr float threshold = 31.0f;

//! What the tests say of a train at the known place, as the search would describe it.
verdict judge(const pulse_scene& scene, pulse_train* judged = nullptr)
{
    const auto& g = scene.geometry;
    const auto scores = scene.scores();
    const auto normalized = scene.normalized();
    pulse_correlator correlator(g, {});
    correlator.gather(scores.data(), static_cast<long>(start));
    correlator.tune(frequency);
    pulse_train train;
    train.start = start;
    train.frequency = frequency;
    train.interval = g.interval_samples;
    train.noise = g.window;
    for (unsigned k = 0; k < g.pulses; k++) {
        train.pulse_starts.push_back(start + k * g.interval_samples);
        train.pulse_scores.push_back(correlator.power(k, 0) / train.noise);
    }
    train.score =
        std::accumulate(train.pulse_scores.begin(), train.pulse_scores.end(), 0.0f);
    pulse_train_tests tests(g, {});
    const auto reason =
        tests.judge(train, threshold, normalized.data(), scores.data(), correlator);
    if (judged)
        *judged = train;
    return reason;
}
} // namespace

BOOST_AUTO_TEST_CASE(clean_trains_pass_at_any_level)
{
    for (double energy : { 15.0, 100.0, 1e4, 1e6 }) {
        pulse_scene scene({});
        scene.add_train(start, 7680.0, frequency, energy);
        pulse_train train;
        BOOST_CHECK(judge(scene, &train) == verdict::pulses);
        // Its own side lobes raise its windows from some 35 dB on, never to where it
        // matters.
        BOOST_CHECK(train.traffic_score > threshold);
        BOOST_CHECK(train.traffic_score < 1.001f * train.score);
    }
}

BOOST_AUTO_TEST_CASE(clicks_are_a_matter_of_level)
{
    pulse_scene scene({});
    for (unsigned k = 0; k < 5; k++)
        scene.samples[static_cast<size_t>(start) + 30 + k * 7680] += 30.0f;
    BOOST_CHECK(judge(scene) == verdict::level);
}

BOOST_AUTO_TEST_CASE(a_busy_row_is_traffic)
{
    pulse_scene scene({});
    scene.add_train(start, 7680.0, frequency, 100.0);
    for (double other : { 300.0, 650.0, 1111.0, 2500.0, 3456.0, 5000.0 })
        scene.add_train(other, 7680.0, frequency, 100.0);
    BOOST_CHECK(judge(scene) == verdict::traffic);
}

BOOST_AUTO_TEST_CASE(a_lone_pulse_misses_the_others)
{
    pulse_scene scene({});
    scene.add_train(start, 1e9, frequency, 1000.0);
    BOOST_CHECK(judge(scene) == verdict::missing);
}

BOOST_AUTO_TEST_CASE(pulses_between_the_pulses_are_a_faster_train)
{
    // The halves are too few to be traffic: weak pulses, as common in noise.
    pulse_scene scene({});
    scene.add_train(start, 7680.0, frequency, 12.0);
    scene.add_train(start + 3840.0, 7680.0, frequency, 9.0);
    BOOST_CHECK(judge(scene) == verdict::faster);
}

BOOST_AUTO_TEST_CASE(pulses_of_few_samples_are_judged_too)
{
    for (size_t window : { 4, 5, 6, 7, 8 }) {
        pulse_train_geometry g;
        g.window = window;
        g.hop = window - window / 2;
        g.rows = 16;
        pulse_scene scene(g);
        scene.add_train(start, 7680.0, frequency, 300.0);
        BOOST_CHECK(judge(scene) == verdict::pulses);
    }
}
