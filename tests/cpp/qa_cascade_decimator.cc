/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <gnuradio/sentinel/kernel/cascade_decimator.h>
#include <gnuradio/sentinel/kernel/cascade_design.h>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cmath>
#include <complex>
#include <limits>
#include <numeric>
#include <stdexcept>

using namespace gr::sentinel::kernel;

namespace {

std::vector<gr_complex> test_samples(size_t count)
{
    std::vector<gr_complex> x;
    for (size_t i = 0; i < count; i++)
        x.push_back(std::polar(1.0f + 0.5f * std::sin(0.01f * i), 0.37f * i));
    return x;
}

// One stage by its definition.
std::complex<double> defined_output(const std::vector<gr_complex>& x,
                                    int64_t n,
                                    size_t factor,
                                    double turns_per_sample)
{
    const auto taps = cascade_taps(factor);
    const int64_t delay = taps.size() / 2, length = x.size();
    std::complex<double> sum = 0;
    for (int64_t l = 0; l < static_cast<int64_t>(taps.size()); l++) {
        const int64_t m = n * static_cast<int64_t>(factor) + delay - l;
        if (m >= 0 && m < length)
            sum += taps[l] * std::complex<double>(x[m]) *
                   std::polar(1.0, 2 * M_PI * turns_per_sample * m);
    }
    return sum;
}

std::vector<gr_complex>
all_outputs(cascade_decimator& made, const std::vector<gr_complex>& x, size_t capacity)
{
    std::vector<gr_complex> out(x.size() + capacity);
    size_t consumed = 0, produced = 0;
    while (consumed < x.size()) {
        const auto step =
            made.process(&x[consumed], x.size() - consumed, &out[produced], capacity);
        BOOST_REQUIRE(step.produced <= capacity);
        BOOST_REQUIRE(step.consumed > 0);
        consumed += step.consumed;
        produced += step.produced;
    }
    while (const size_t more = made.flush(&out[produced], capacity))
        produced += more;
    out.resize(produced);
    return out;
}

} // namespace

BOOST_AUTO_TEST_CASE(outputs_follow_the_definition)
{
    const auto x = test_samples(333);
    cascade_decimator made(8.0, 7, 1.0);
    const auto out = all_outputs(made, x, 1000);
    BOOST_REQUIRE(out.size() == 48u);
    for (size_t n = 0; n < out.size(); n++)
        BOOST_TEST(std::abs(std::complex<double>(out[n]) -
                            defined_output(x, n, 7, 1.0 / 8)) < 2e-6);
}

BOOST_AUTO_TEST_CASE(a_full_output_holds_the_input_back)
{
    const auto x = test_samples(30'001);
    for (size_t decimation : { 1u, 6u, 200u }) {
        cascade_decimator wide(1.0, decimation, 0.1), narrow(1.0, decimation, 0.1);
        const auto expected = all_outputs(wide, x, x.size());
        BOOST_TEST(expected.size() == (x.size() + decimation - 1) / decimation);
        BOOST_TEST((all_outputs(narrow, x, 3) == expected));
    }
}

BOOST_AUTO_TEST_CASE(what_lies_after_a_window_does_not_touch_it)
{
    // Whole strips of samples are read: the surplus must not be the future's.
    auto x = test_samples(4000);
    cascade_decimator clean(1.0, 5, 0.0), spoilt(1.0, 5, 0.0);
    std::vector<gr_complex> a(800), b(800);
    clean.process(x.data(), x.size(), a.data(), 800);
    for (size_t i = 2000; i < x.size(); i++)
        x[i] = std::numeric_limits<float>::quiet_NaN();
    spoilt.process(x.data(), x.size(), b.data(), 800);
    const size_t before = (2000 - 40) / 5;
    BOOST_TEST(std::equal(a.begin(), a.begin() + before, b.begin()));
    BOOST_TEST(std::isnan(b[before].real()));
}

BOOST_AUTO_TEST_CASE(some_outputs_are_always_left_for_the_end)
{
    for (size_t count = 1; count < 500; count++) {
        const auto x = test_samples(count);
        cascade_decimator made(1.0, 12, 0.0);
        std::vector<gr_complex> out(count);
        const size_t produced = made.process(x.data(), count, out.data(), count).produced;
        BOOST_TEST(made.outputs_at_end() >= 1u);
        BOOST_TEST(produced + made.outputs_at_end() == (count + 11) / 12);
    }
}

BOOST_AUTO_TEST_CASE(every_product_of_small_primes_is_split)
{
    size_t split = 0;
    for (size_t decimation = 2; decimation <= 2000; decimation++) {
        std::vector<size_t> factors;
        try {
            factors = cascade_factors(decimation);
        } catch (const std::invalid_argument&) {
            continue;
        }
        split++;
        BOOST_TEST(std::accumulate(factors.begin(),
                                   factors.end(),
                                   size_t(1),
                                   std::multiplies<size_t>()) == decimation);
        BOOST_TEST(std::is_sorted(factors.rbegin(), factors.rend()));
        BOOST_TEST((factors.front() <= 10 && factors.back() >= 2));
    }
    size_t smooth = 0;
    for (size_t a = 1; a <= 2000; a *= 2)
        for (size_t b = a; b <= 2000; b *= 3)
            for (size_t c = b; c <= 2000; c *= 5)
                for (size_t d = c; d <= 2000; d *= 7)
                    smooth += d > 1;
    BOOST_TEST(split == smooth);
}

BOOST_AUTO_TEST_CASE(impossible_settings_throw)
{
    BOOST_CHECK_THROW(cascade_decimator(0.0, 8, 0.0), std::invalid_argument);
    BOOST_CHECK_THROW(cascade_decimator(1.0, 0, 0.0), std::invalid_argument);
    BOOST_CHECK_THROW(cascade_decimator(1.0, 22, 0.0), std::invalid_argument);
    BOOST_CHECK_THROW(cascade_decimator(1.0, 8, 0.6), std::invalid_argument);
    BOOST_CHECK_THROW(cascade_decimator(1.0, 8, std::nan("")), std::invalid_argument);
    BOOST_CHECK_THROW(cascade_taps(1), std::invalid_argument);
    BOOST_CHECK_THROW(cascade_taps(11), std::invalid_argument);
}
