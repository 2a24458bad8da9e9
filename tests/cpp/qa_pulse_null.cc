/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <gnuradio/sentinel/kernel/pulse_null.h>

#include <boost/test/unit_test.hpp>

#include <algorithm>

using namespace gr::sentinel::kernel;

BOOST_AUTO_TEST_CASE(more_trials_extend_the_list)
{
    pulse_train_geometry g;
    g.interval_samples = 1000.0;
    const auto few = pulse_null_maxima(g, {}, 5, 9);
    const auto more = pulse_null_maxima(g, {}, 9, 9);
    BOOST_REQUIRE_EQUAL(few.size(), 5u);
    BOOST_REQUIRE_EQUAL(more.size(), 9u);
    BOOST_CHECK(std::equal(few.begin(), few.end(), more.begin()));
    BOOST_CHECK(pulse_null_maxima(g, {}, 5, 10) != few);
}

BOOST_AUTO_TEST_CASE(ends_early_when_told)
{
    size_t asked = 0;
    pulse_train_geometry g;
    g.interval_samples = 1000.0;
    const auto maxima = pulse_null_maxima(g, {}, 1000, 1, [&] { return ++asked <= 3; });
    BOOST_CHECK_EQUAL(maxima.size(), 3u);
}
