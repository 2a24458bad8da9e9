/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "kernel/fraction_of_turn.h"

#include <gnuradio/sentinel/kernel/complex_filter.h>
#include <gnuradio/sentinel/kernel/modulated_carrier.h>
#include <gnuradio/sentinel/kernel/receiver_output.h>
#include <gnuradio/sentinel/kernel/swept_carrier.h>

#include <boost/test/unit_test.hpp>

#include <cmath>
#include <complex>
#include <stdexcept>
#include <vector>

using namespace gr::sentinel::kernel;

namespace {
std::complex<double> on_circle(double turns)
{
    return std::polar(1.0, 2 * M_PI * (turns - std::floor(turns)));
}

void check_close(gr_complex value, std::complex<double> expected, double tolerance)
{
    BOOST_CHECK_SMALL(std::abs(std::complex<double>(value) - expected), tolerance);
}
} // namespace

BOOST_AUTO_TEST_CASE(turns_wrap)
{
    BOOST_CHECK_EQUAL(fraction_of_turn(0.25), uint64_t(1) << 62);
    BOOST_CHECK_EQUAL(fraction_of_turn(-0.75), uint64_t(1) << 62);
    BOOST_CHECK_EQUAL(fraction_of_turn(0.5), uint64_t(1) << 63);
    BOOST_CHECK_EQUAL(fraction_of_turn(-1234.5), uint64_t(1) << 63);
    BOOST_CHECK_EQUAL(fraction_of_turn(7.0), 0u);
}

BOOST_AUTO_TEST_CASE(a_carrier_follows_its_knots)
{
    const std::vector<double> frequency{ 0.1, 0.12, -0.3, 0.49 };
    const std::vector<float> amplitude{ 1.0f, 0.5f, 2.0f, 0.0f };
    std::vector<gr_complex> out(24, gr_complex(1.0f, -1.0f));
    modulated_carrier(0.2).add(frequency.data(), amplitude.data(), 3, out.data());
    double turns = 0.2;
    for (size_t n = 0; n < out.size(); n++) {
        const size_t k = n / 8;
        const double part = n % 8 / 8.0;
        const double level = amplitude[k] + part * (amplitude[k + 1] - amplitude[k]);
        check_close(out[n], std::complex<double>(1, -1) + level * on_circle(turns), 2e-6);
        turns += frequency[k] + part * (frequency[k + 1] - frequency[k]);
    }
}

BOOST_AUTO_TEST_CASE(a_carrier_goes_on_over_calls)
{
    const std::vector<double> frequency(4, 0.123456789);
    const std::vector<float> amplitude(4, 1.0f);
    std::vector<gr_complex> whole(24), parts(24);
    modulated_carrier one, two;
    one.add(frequency.data(), amplitude.data(), 3, whole.data());
    two.add(frequency.data(), amplitude.data(), 1, parts.data());
    two.add(frequency.data(), amplitude.data(), 2, parts.data() + 8);
    BOOST_CHECK(whole == parts);
}

BOOST_AUTO_TEST_CASE(a_filter_is_a_convolution_in_any_pieces)
{
    const std::vector<gr_complex> taps{ { 1, 2 }, { -0.5, 0.25 }, { 0, -1 }, { 3, 0 } };
    std::vector<gr_complex> x(5000), whole(5000), parts(5000);
    for (size_t n = 0; n < x.size(); n++)
        x[n] = gr_complex(std::sin(0.37f * n * n), std::cos(1.7f * n));
    complex_filter one(taps), two(taps);
    one.process(x.data(), whole.data(), x.size());
    for (size_t first = 0, step = 1; first < x.size();
         first += step, step = step * 3 + 1) {
        step = std::min(step, x.size() - first);
        two.process(x.data() + first, parts.data() + first, step);
    }
    BOOST_CHECK(whole == parts);
    for (size_t n = 0; n < x.size(); n++) {
        std::complex<double> expected;
        for (size_t l = 0; l < taps.size() && l <= n; l++)
            expected += std::complex<double>(taps[l]) * std::complex<double>(x[n - l]);
        check_close(whole[n], expected, 2e-6);
    }
    BOOST_CHECK_THROW(complex_filter({}), std::invalid_argument);
}

BOOST_AUTO_TEST_CASE(a_sweep_has_the_phase_of_its_frequency)
{
    // One tap and no decimation show the fast samples themselves.
    const sweep what{ -0.2, 0.3, 100.0 };
    std::vector<gr_complex> x(2000);
    swept_carrier(what, 1, { 1.0f }, 5).generate(x.data(), x.size());
    const double slope = 0.5 / 100.0;
    size_t resets = 0;
    for (size_t n = 2; n < x.size(); n++) {
        const std::complex<double> a(x[n]), b(x[n - 1]), c(x[n - 2]);
        BOOST_REQUIRE_SMALL(std::abs(a) - 1.0, 1e-5);
        // The second difference of the phase is the slope but where a sweep begins.
        const double bend = std::arg(a * c / (b * b)) / (2 * M_PI);
        if (std::abs(bend - slope) > 1e-5)
            resets++;
    }
    // Two differences reach over each of 20 beginnings, or one where it falls on a
    // sample.
    BOOST_CHECK_GE(resets, 19u);
    BOOST_CHECK_LE(resets, 42u);
}

BOOST_AUTO_TEST_CASE(a_steady_sweep_repeats_and_a_random_one_does_not)
{
    const size_t period = 128;
    for (const auto shape :
         { sweep::form::up, sweep::form::down, sweep::form::triangle }) {
        std::vector<gr_complex> x(4 * period);
        // Mean frequency 0.125: sixteen whole turns in a period.
        swept_carrier({ 0.0, 0.25, 128.0, 0.0, shape, true }, 1, { 1.0f }, 2)
            .generate(x.data(), x.size());
        for (size_t n = 0; n < 3 * period; n++)
            check_close(x[n], std::complex<double>(x[n + period]), 1e-4);
        swept_carrier({ 0.0, 0.25, 128.0, 0.0, shape, false }, 1, { 1.0f }, 2)
            .generate(x.data(), x.size());
        double apart = 0.0;
        for (size_t n = 0; n < 3 * period; n++)
            apart = std::max<double>(apart, std::abs(x[n] - x[n + period]));
        BOOST_CHECK_GT(apart, 0.1);
    }
}

BOOST_AUTO_TEST_CASE(a_sweep_is_filtered_as_it_is_decimated)
{
    const sweep what{ -0.4, 0.45, 331.7, 0.01, sweep::form::triangle, true };
    const std::vector<float> taps{ 0.1f, 0.3f, -0.2f, 0.5f, 0.25f };
    std::vector<gr_complex> fast(5 * 4000), slow(4000), same(4000);
    swept_carrier(what, 1, taps, 8).generate(fast.data(), fast.size());
    swept_carrier decimated(what, 5, taps, 8);
    decimated.generate(slow.data(), 1);
    decimated.generate(slow.data() + 1, 3999);
    for (size_t m = 0; m < slow.size(); m++)
        check_close(slow[m], std::complex<double>(fast[5 * m]), 1e-5);
    swept_carrier(what, 5, taps, 8).generate(same.data(), same.size());
    for (size_t m = 0; m < slow.size(); m++)
        check_close(slow[m], std::complex<double>(same[m]), 1e-6);
}

BOOST_AUTO_TEST_CASE(impossible_sweeps_are_refused)
{
    const std::vector<float> taps{ 1.0f };
    BOOST_CHECK_THROW(swept_carrier({ 0.3, 0.2, 100 }, 1, taps, 0),
                      std::invalid_argument);
    BOOST_CHECK_THROW(swept_carrier({ -0.6, 0.2, 100 }, 1, taps, 0),
                      std::invalid_argument);
    BOOST_CHECK_THROW(swept_carrier({ 0.1, 0.2, 2 }, 1, taps, 0), std::invalid_argument);
    BOOST_CHECK_THROW(swept_carrier({ 0.1, 0.2, 100, 0.9 }, 1, taps, 0),
                      std::invalid_argument);
    BOOST_CHECK_THROW(swept_carrier({ 0.1, 0.2, 100 }, 0, taps, 0),
                      std::invalid_argument);
    BOOST_CHECK_THROW(swept_carrier({ 0.1, 0.2, 100 }, 1, {}, 0), std::invalid_argument);
}

BOOST_AUTO_TEST_CASE(bytes_are_rounded_clipped_and_counted)
{
    const std::vector<gr_complex> in{ { 0, 0 }, { 1, -1 }, { 0.999f, 0.5f },
                                      { 2, 0 }, { 0, -3 }, { -0.5f, 0.25f } };
    std::vector<uint8_t> out(2 * in.size());
    const auto railed =
        receiver_output().to_cu8(in.data(), in.size(), 1.0, 1.0, out.data());
    // 127.5 is half way: to even, as rint does.
    const std::vector<uint8_t> expected{ 128, 128, 255, 0, 255, 191,
                                         255, 128, 128, 0, 64,  159 };
    BOOST_CHECK_EQUAL_COLLECTIONS(
        out.begin(), out.end(), expected.begin(), expected.end());
    BOOST_CHECK_EQUAL(railed, 4u);
}

BOOST_AUTO_TEST_CASE(gain_imbalance_and_offset)
{
    const receiver_output output{ 1.1, 0.05, 0.02, -0.03 };
    std::vector<gr_complex> in(3000), out(3000);
    for (size_t n = 0; n < in.size(); n++)
        in[n] = gr_complex(std::sin(0.1f * n), std::cos(0.23f * n));
    output.to_cf32(in.data(), in.size(), 0.2, 0.5, out.data());
    for (size_t n = 0; n < in.size(); n++) {
        const double gain = 0.2 + 0.3 * n / in.size();
        const double i = gain * in[n].real(), q = gain * in[n].imag();
        const std::complex<double> expected(
            i + 0.02, 1.1 * (q * std::cos(0.05) + i * std::sin(0.05)) - 0.03);
        check_close(out[n], expected, 1e-6);
    }
}
