/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <gnuradio/sentinel/kernel/channelizer.h>
#include <gnuradio/sentinel/kernel/turns.h>

#include <boost/test/unit_test.hpp>

#include <cmath>
#include <complex>

using gr::sentinel::kernel::channelizer;
using namespace gr::sentinel::kernel;

namespace {

std::vector<gr_complex> test_samples(size_t count)
{
    std::vector<gr_complex> samples(count);
    for (size_t i = 0; i < count; i++) // no period within the test
        samples[i] = gr_complex(std::sin(0.37 * i * i), std::cos(1.3 * i));
    return samples;
}

const std::vector<float> taps{ 1.f, -2.f, 3.f, 5.f, 3.f, -2.f, 1.f };

std::complex<double> defined_output(
    const std::vector<gr_complex>& x, int64_t n, int64_t hop, int64_t k, int64_t m)
{
    std::complex<double> sum = 0;
    for (int64_t l = 0; l < 7; l++) {
        const int64_t i = n * hop + 3 - l;
        if (i >= 0 && i < static_cast<int64_t>(x.size()))
            sum += static_cast<double>(taps[l]) * std::complex<double>(x[i]) *
                   std::polar(1.0, -2 * M_PI * static_cast<double>(k * i % m) / m);
    }
    return sum;
}

} // namespace

BOOST_AUTO_TEST_CASE(outputs_follow_the_definition)
{
    const auto x = test_samples(101);
    for (auto how : { channelizer::method::fft, channelizer::method::direct }) {
        channelizer bank({ 1.0, 4, 6, taps, channelizer::all_bins(6), -1, how });
        std::vector<gr_complex> out(26 * 6);
        const auto done = bank.process(x.data(), x.size(), out.data(), 26);
        BOOST_TEST(done.consumed == x.size());
        BOOST_TEST(bank.outputs_at_end() == 26 - done.produced);
        BOOST_TEST(bank.flush(&out[done.produced * 6], 26) == 26 - done.produced);
        for (int64_t n = 0; n < 26; n++)
            for (int64_t k = 0; k < 6; k++)
                BOOST_TEST(std::abs(std::complex<double>(out[n * 6 + k]) -
                                    defined_output(x, n, 4, k, 6)) < 1e-5);
    }
}

BOOST_AUTO_TEST_CASE(a_full_output_holds_the_input_back)
{
    const auto x = test_samples(50'000);
    const channelizer::config settings{ 1.0, 4, 6, taps, channelizer::all_bins(6) };
    channelizer bank(settings), slow(settings);
    std::vector<gr_complex> whole(12'500 * 6), pieces(12'500 * 6);
    size_t expected = bank.process(x.data(), x.size(), whole.data(), 12'501).produced;
    expected += bank.flush(&whole[expected * 6], 12'500);
    BOOST_TEST(expected == 12'500u);

    size_t consumed = 0, produced = 0;
    while (consumed < x.size()) {
        const auto step =
            slow.process(&x[consumed], x.size() - consumed, &pieces[produced * 6], 3);
        BOOST_REQUIRE(step.produced <= 3);
        consumed += step.consumed;
        produced += step.produced;
    }
    while (const size_t more = slow.flush(&pieces[produced * 6], 1))
        produced += more;
    BOOST_TEST(produced == expected);
    BOOST_TEST((whole == pieces));
}

BOOST_AUTO_TEST_CASE(one_output_is_always_left_for_the_end)
{
    for (size_t length : { 1u, 7u })
        for (size_t count = 1; count < 40; count++) {
            const std::vector<float> some(taps.begin(), taps.begin() + length);
            channelizer bank({ 1.0, 5, 5, some, { { 0, 0.0 } } });
            std::vector<gr_complex> x(count), out(40);
            const auto done = bank.process(x.data(), count, out.data(), 40);
            BOOST_TEST(done.produced + bank.outputs_at_end() == (count + 4) / 5);
            BOOST_TEST(bank.outputs_at_end() >= 1u);
        }
}

BOOST_AUTO_TEST_CASE(turns_are_exact_fractions)
{
    const uint64_t half = uint64_t(1) << 63;
    BOOST_TEST(turns_of_fraction(1, 2) == half);
    BOOST_TEST(turns_of_fraction(7, 4) == half + half / 2);
    BOOST_TEST(turns_of_fraction(1, 3) == 0x5555555555555555u);
    BOOST_TEST(turns_of_fraction(2, 3) == 0xaaaaaaaaaaaaaaabu);
    BOOST_TEST(turns_per_step(1.0, 1, 3.0) == 0x5555555555555555u);
    BOOST_TEST(turns_per_step(-1.0, 1, 3.0) == 0xaaaaaaaaaaaaaaabu);
    BOOST_TEST(turns_per_step(1e6, 7, 3.0) ==
               0x5555555555555555u); // 2333333 turns and 1/3
    BOOST_TEST(turns_per_step(-0.25, 3, 1.0) == half / 2);
    BOOST_TEST(std::abs(unwind(half / 2) - std::complex<double>(0, -1)) < 1e-15);
}

BOOST_AUTO_TEST_CASE(impossible_settings_throw)
{
    using config = channelizer::config;
    const channelizer::tuning zero{ 0, 0.0 };
    for (const auto& wrong : { config{ 1.0, 0, 4, taps, { zero } },
                               config{ 1.0, 5, 4, taps, { zero } },
                               config{ 1.0, 2, 4, {}, { zero } },
                               config{ 1.0, 2, 4, taps, {} },
                               config{ 1.0, 2, 4, taps, { { 4, 0.0 } } },
                               config{ 1.0, 2, 4, taps, { zero }, 7 },
                               config{ std::nan(""), 2, 4, taps, { zero } } })
        BOOST_CHECK_THROW(channelizer{ wrong }, std::invalid_argument);
    BOOST_CHECK_THROW(channelizer::tune(0.6, 1.0, 8), std::invalid_argument);
    BOOST_CHECK_THROW(channelizer::tune(std::nan(""), 1.0, 8), std::invalid_argument);
}
