/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <gnuradio/sentinel/kernel/pulse_train.h>

#include <boost/test/unit_test.hpp>

#include <cmath>
#include <stdexcept>

using gr::sentinel::kernel::pulse_train_geometry;

BOOST_AUTO_TEST_CASE(the_published_default)
{
    const pulse_train_geometry g;
    g.validate();
    BOOST_CHECK_EQUAL(g.interval_windows(), 265u); // 264.83 is rounded, not floored
    BOOST_CHECK_EQUAL(g.cycle_windows(), 1326u);
    BOOST_CHECK_EQUAL(g.cycle_samples(), 38483u);
    BOOST_CHECK_EQUAL(g.starts(), 265u);
    // Offsets do not drift: 4 intervals are 1059.31 windows, 4 x 265 would be 1060.
    BOOST_CHECK_EQUAL(g.pulse_window(4), 1059u);
}

BOOST_AUTO_TEST_CASE(every_arrival_has_a_start_in_its_cycle)
{
    for (double interval = 1450.0; interval < 1480.0; interval += 0.7)
        for (unsigned pulses : { 1u, 2u, 5u, 20u, 64u }) {
            pulse_train_geometry g;
            g.interval_samples = interval;
            g.pulses = pulses;
            // The last start needs all its windows, and reaches the next train's first.
            BOOST_CHECK(g.starts() - 1 + g.pulse_window(pulses - 1) < g.cycle_windows());
            BOOST_CHECK(g.starts() >= std::floor(interval / g.hop));
        }
}

BOOST_AUTO_TEST_CASE(rows_of_frequencies)
{
    const pulse_train_geometry g;
    BOOST_CHECK_EQUAL(g.row_of(-0.5), 0u);
    BOOST_CHECK_EQUAL(g.row_of(0.0), 64u);
    BOOST_CHECK_EQUAL(g.row_of(1.0 / 128), 65u);
    BOOST_CHECK_EQUAL(g.row_of(0.5), 127u);
    BOOST_CHECK_EQUAL(g.row_of(-7.0), 0u);
}

BOOST_AUTO_TEST_CASE(impossible_geometries_are_refused)
{
    const auto refused = [](auto change) {
        pulse_train_geometry g;
        change(g);
        BOOST_CHECK_THROW(g.validate(), std::invalid_argument);
    };
    refused([](auto& g) { g.window = 3; });
    refused([](auto& g) { g.hop = 0; });
    refused([](auto& g) { g.hop = 59; });
    refused([](auto& g) { g.rows = 0; });
    refused([](auto& g) { g.rows = 129; });
    refused([](auto& g) { g.rows = 56; });
    refused([](auto& g) { g.pulses = 0; });
    refused([](auto& g) { g.pulses = 65; });
    refused([](auto& g) { g.interval_samples = 173.0; });
    refused([](auto& g) { g.interval_samples = NAN; });
    refused([](auto& g) { g.interval_samples = INFINITY; });
    refused([](auto& g) { g.lowest = -0.51; });
    refused([](auto& g) { g.highest = NAN; });
    refused([](auto& g) { g.lowest = g.highest; });
}
