/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pulse_scene.h"

#include <gnuradio/sentinel/kernel/pulse_train_search.h>

#include <boost/test/unit_test.hpp>

#include <cmath>
#include <stdexcept>

using namespace gr::sentinel::kernel;

BOOST_AUTO_TEST_CASE(finds_the_train_where_it_is)
{
    pulse_scene scene({});
    scene.add_train(3210.0, 7680.0, -0.31234, 100.0);
    pulse_train_search search({});
    const auto found = search.search(scene.scores().data(), 31.0f, 1, 0.25);
    BOOST_REQUIRE_EQUAL(found.size(), 1u);
    const auto& train = found.front();
    BOOST_CHECK(train.reason == verdict::pulses);
    // At 20 dB a pulse is placed to about a sample, its frequency to 1/20 of a bin.
    BOOST_CHECK_SMALL(train.start - 3210.0, 4.0);
    BOOST_CHECK_SMALL(train.frequency + 0.31234, 0.05 / 58);
    // Five pulses of 100 and their noise: 505 with a deviation of sqrt(5 x 201) = 32.
    BOOST_CHECK_SMALL(train.score - 505.0, 160.0);
    BOOST_CHECK_SMALL(train.noise - 58.0, 4.0);
    BOOST_CHECK_SMALL(search.noise() - 58.0, 4.0);
    BOOST_CHECK_EQUAL(search.best_score(), train.score);
    BOOST_REQUIRE_EQUAL(train.pulse_starts.size(), 5u);
    for (unsigned k = 0; k < 5; k++)
        BOOST_CHECK_SMALL(train.pulse_starts[k] - (3210.0 + 7680.0 * k), 8.0);
}

BOOST_AUTO_TEST_CASE(small_hops_read_no_other_memory)
{
    pulse_train_geometry g;
    g.window = 32;
    g.hop = 1;
    g.rows = 64;
    g.interval_samples = 800.3;
    pulse_scene scene(g);
    scene.add_train(123.0, g.interval_samples, 0.1, 1000.0);
    const auto found =
        pulse_train_search(g).search(scene.scores().data(), 31.0f, 1, 0.25);
    BOOST_REQUIRE_EQUAL(found.size(), 1u);
    BOOST_CHECK_SMALL(found.front().start - 123.0, 1.0);
}

BOOST_AUTO_TEST_CASE(a_cycle_without_noise_has_finite_scores)
{
    pulse_scene scene({}, 1, 0.0f);
    pulse_train_search search({});
    BOOST_CHECK(search.search(scene.scores().data(), 31.0f, 1, 0.25).empty());
    BOOST_CHECK_EQUAL(search.maximum(scene.scores().data()), 0.0f);
    scene.add_train(3210.0, 7680.0, 0.1, 1e20);
    const auto found = search.search(scene.scores().data(), 31.0f, 1, 0.25);
    BOOST_REQUIRE(!found.empty());
    for (const auto& train : found)
        BOOST_CHECK(std::isfinite(train.score) && std::isfinite(train.traffic_score));
    BOOST_CHECK(found.front().reason == verdict::pulses);
}

BOOST_AUTO_TEST_CASE(maximum_is_the_best_score_of_noise)
{
    pulse_train_search search({});
    for (uint64_t seed = 0; seed < 5; seed++) {
        const auto scores = pulse_scene({}, seed).scores();
        const float maximum = search.maximum(scores.data());
        search.search(scores.data(), 100.0f, 1, 0.25);
        BOOST_CHECK_EQUAL(search.best_score(), maximum);
        // The range of 10^4 cycles: median 20.6, 1e-4 tail 31.
        BOOST_CHECK(maximum > 15.0f && maximum < 33.0f);
    }
}

BOOST_AUTO_TEST_CASE(an_impossible_geometry_is_refused)
{
    pulse_train_geometry g;
    g.pulses = 0;
    BOOST_CHECK_THROW(pulse_train_search{ g }, std::invalid_argument);
    const std::vector<gr_complex> short_template(57, 1.0f);
    BOOST_CHECK_THROW(pulse_train_search({}, short_template), std::invalid_argument);
}
