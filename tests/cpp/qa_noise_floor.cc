/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <gnuradio/sentinel/kernel/gaussian_noise.h>
#include <gnuradio/sentinel/kernel/noise_floor.h>

#include <boost/test/unit_test.hpp>

#include <cmath>
#include <stdexcept>
#include <vector>

using namespace gr::sentinel::kernel;

namespace {
std::vector<float> exponential(size_t count)
{
    std::vector<gr_complex> x(count);
    gaussian_noise(3).generate(x.data(), count);
    std::vector<float> power;
    for (const auto& sample : x)
        power.push_back(std::norm(sample));
    return power;
}
} // namespace

BOOST_AUTO_TEST_CASE(strong_cells_are_left_out)
{
    constexpr size_t windows = 900, rows = 19;
    auto power = exponential(windows * rows);
    std::vector<float> clean(rows), noise(rows);
    noise_floor floor(windows, rows);
    floor.estimate(power.data(), clean.data());
    for (size_t w = 0; w < windows; w += 30)
        for (size_t r = 0; r < rows; r += 2)
            power[w * rows + r] = 1e6f;
    floor.estimate(power.data(), noise.data());
    for (size_t r = 0; r < rows; r++) {
        // The mean of 900 exponentials has a standard error of 0.033; five of them.
        BOOST_CHECK_SMALL(clean[r] - 1.0f, 0.17f);
        // One cell of 30 is gone: at most 3.5 % of it, in one row of 19 by five errors
        // 0.03.
        BOOST_CHECK_SMALL(noise[r] - clean[r], 0.05f);
    }
}

BOOST_AUTO_TEST_CASE(degenerate_tables_have_finite_noise)
{
    constexpr size_t windows = 40, rows = 16;
    noise_floor floor(windows, rows);
    std::vector<float> power(windows * rows, 0.0f), noise(rows);
    floor.estimate(power.data(), noise.data());
    for (float value : noise)
        BOOST_CHECK_EQUAL(value, noise_floor::smallest);
    power.assign(power.size(), 7.0f);
    floor.estimate(power.data(), noise.data());
    for (float value : noise)
        BOOST_CHECK_CLOSE(value, 7.0f, 1e-4f);
}

BOOST_AUTO_TEST_CASE(too_small_tables_are_refused)
{
    BOOST_CHECK_THROW(noise_floor(2, 16), std::invalid_argument);
    BOOST_CHECK_THROW(noise_floor(3, 15), std::invalid_argument);
}

BOOST_AUTO_TEST_CASE(neighbours_share_what_they_have_in_common)
{
    // Alike rows average over 9 of them, fewer at the ends; a carrier keeps its own
    // value.
    std::vector<float> noise(24), shared(24);
    for (size_t r = 0; r < 24; r++)
        noise[r] = r % 2 ? 1.05f : 0.95f;
    noise[12] = 5.0f;
    share_noise(noise.data(), 24, shared.data());
    BOOST_CHECK_CLOSE(shared[4], (5 * 0.95f + 4 * 1.05f) / 9, 1e-3f);
    BOOST_CHECK_CLOSE(shared[0], (3 * 0.95f + 2 * 1.05f) / 5, 1e-3f);
    BOOST_CHECK_CLOSE(shared[23], (2 * 0.95f + 3 * 1.05f) / 5, 1e-3f);
    BOOST_CHECK_CLOSE(shared[11], (4 * 1.05f + 1.05f + 3 * 0.95f) / 8, 2.0f);
    BOOST_CHECK_EQUAL(shared[12], 5.0f);
    // A steep slope, 20 % from row to row, is left as it is.
    for (size_t r = 0; r < 24; r++)
        noise[r] = std::pow(1.2f, r);
    share_noise(noise.data(), 24, shared.data());
    for (size_t r = 0; r < 24; r++)
        BOOST_CHECK_CLOSE(shared[r], noise[r], 1e-4f);
    // Zeros do not divide by zero.
    noise.assign(24, 0.0f);
    share_noise(noise.data(), 24, shared.data());
    for (float value : shared)
        BOOST_CHECK_EQUAL(value, 0.0f);
}
