/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <gnuradio/sentinel/kernel/clock_accountant.h>

#include <boost/test/unit_test.hpp>

#include <cmath>
#include <random>

using gr::sentinel::kernel::clock_accountant;

namespace {
constexpr double rate = 2.4e6;
constexpr uint64_t chunk = 65536;

//! A radio whose chunks come late by up to 20 ms, on a clock of its own.
struct radio {
    clock_accountant accountant{ rate };
    std::mt19937_64 random{ 3 };
    double ppm = 0, now_s = 1;
    uint64_t estimated = 0, reports = 0;

    void run(double seconds, bool lose = false)
    {
        std::uniform_real_distribution<double> delay(0, 0.02);
        const double period_s = chunk / (rate * (1 + ppm * 1e-6));
        for (const double end_s = now_s + seconds; now_s < end_s; now_s += period_s)
            if (!lose)
                add(chunk, now_s + delay(random));
    }
    void add(uint64_t samples, double at_s)
    {
        const auto lost =
            accountant.add(samples, static_cast<uint64_t>(std::llround(1e9 * at_s)));
        estimated += lost;
        reports += lost > 0;
    }
};
} // namespace

BOOST_AUTO_TEST_CASE(a_clock_a_little_off_loses_nothing)
{
    for (const double ppm : { -50.0, 0.0, 50.0, 1000.0 }) {
        radio from;
        from.ppm = ppm;
        from.run(600);
        BOOST_CHECK_EQUAL(from.estimated, 0);
    }
}

BOOST_AUTO_TEST_CASE(a_rate_too_low_is_reported_each_minute)
{
    radio from;
    from.ppm = -1000;
    from.run(605);
    BOOST_CHECK_GE(from.reports, 8);
    // Of 9 or 10 minutes; punctual chunks are known to a few ms of 60 s.
    const double per_minute = static_cast<double>(from.estimated) / from.reports;
    BOOST_CHECK_CLOSE(per_minute, 1e-3 * 60 * rate, 12.0);
}

BOOST_AUTO_TEST_CASE(a_loss_is_estimated_once)
{
    radio from;
    from.run(100);
    from.run(1.5, true);
    from.run(300);
    BOOST_CHECK_EQUAL(from.reports, 1);
    BOOST_CHECK_CLOSE(static_cast<double>(from.estimated), 1.5 * rate, 4.0);
}

BOOST_AUTO_TEST_CASE(a_long_stall_is_counted_once_and_a_delayed_burst_not_at_all)
{
    radio stalled;
    stalled.run(30);
    stalled.run(200, true);
    stalled.run(200);
    BOOST_CHECK_EQUAL(stalled.reports, 1);
    BOOST_CHECK_CLOSE(static_cast<double>(stalled.estimated), 200 * rate, 0.1);

    radio delayed;
    delayed.run(55);
    const double begin_s = delayed.now_s;
    uint64_t chunks = 0;
    for (; delayed.now_s < begin_s + 20; chunks++)
        delayed.now_s += chunk / rate;
    for (; chunks > 0; chunks--)
        delayed.add(chunk, delayed.now_s);
    delayed.run(200);
    BOOST_CHECK_EQUAL(delayed.estimated, 0);
}
