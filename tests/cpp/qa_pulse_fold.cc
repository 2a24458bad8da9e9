/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pulse_scene.h"

#include <gnuradio/sentinel/kernel/pulse_fold.h>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <vector>

using namespace gr::sentinel::kernel;

namespace {
pulse_train_geometry small()
{
    pulse_train_geometry g;
    g.window = 16;
    g.hop = 8;
    g.rows = 32;
    g.interval_samples = 8 * 37.4;
    return g;
}

std::vector<fold_peak>
peaks_of(pulse_fold& fold, const std::vector<float>& table, size_t most)
{
    std::vector<fold_peak> peaks;
    for (const auto& tile : fold.tiles(table.data(), most))
        peaks.push_back(fold.best_of(table.data(), tile));
    return peaks;
}
} // namespace

BOOST_AUTO_TEST_CASE(sums_at_the_rounded_offsets)
{
    const auto g = small();
    std::vector<float> table(g.cycle_windows() * g.rows, 0.0f);
    const size_t windows[] = { 3, 40, 78, 115, 153 }; // 3 + round(k 37.4)
    for (size_t w : windows)
        table[w * g.rows + 21] = 2.0f;
    pulse_fold fold(g);
    const auto peak = peaks_of(fold, table, 1).at(0);
    BOOST_CHECK_EQUAL(peak.start, 3u);
    BOOST_CHECK_EQUAL(peak.row, 21u);
    BOOST_CHECK_EQUAL(peak.value, 10.0f);
}

BOOST_AUTO_TEST_CASE(a_click_does_not_outrank_a_train)
{
    const auto g = small();
    std::vector<float> table(g.cycle_windows() * g.rows, 0.0f);
    table[10 * g.rows + 5] = 5000.0f; // counts as 15 + 4.985
    for (size_t w : { 20, 57, 95, 132, 170 })
        table[w * g.rows + 20] = 5.0f;
    pulse_fold fold(g);
    const auto peaks = peaks_of(fold, table, 2);
    BOOST_CHECK_EQUAL(peaks.at(0).row, 20u);
    BOOST_CHECK_EQUAL(peaks.at(1).row, 5u);
    BOOST_CHECK_CLOSE(peaks.at(1).value, 19.985f, 1e-3f);
}

BOOST_AUTO_TEST_CASE(only_the_rows_asked_for)
{
    auto g = small();
    g.lowest = -0.25;
    g.highest = 0.1;
    std::vector<float> table(g.cycle_windows() * g.rows, 0.0f);
    for (size_t w = 0; w < g.cycle_windows(); w++) {
        table[w * g.rows + 7] = 9.0f;  // one row below -0.25
        table[w * g.rows + 8] = 1.0f;  // -0.25
        table[w * g.rows + 20] = 9.0f; // above 0.1, which is nearest to row 19
    }
    pulse_fold fold(g);
    const auto peaks = peaks_of(fold, table, 10000);
    // 38 starts in tiles of 4, 12 rows in tiles of 8.
    BOOST_CHECK_EQUAL(peaks.size(), 20u);
    BOOST_CHECK_EQUAL(peaks.front().row, 8u);
    for (const auto& peak : peaks)
        BOOST_CHECK(peak.row >= 8 && peak.row <= 19 && peak.value <= 5.0f);
}
