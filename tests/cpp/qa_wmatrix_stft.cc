/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <gnuradio/sentinel/kernel/gaussian_noise.h>
#include <gnuradio/sentinel/kernel/wmatrix_stft.h>

#include <boost/test/unit_test.hpp>

#include <cmath>
#include <stdexcept>
#include <vector>

using namespace gr::sentinel::kernel;

namespace {
std::vector<gr_complex> noise(size_t count)
{
    std::vector<gr_complex> x(count);
    gaussian_noise(11).generate(x.data(), count);
    return x;
}
} // namespace

BOOST_AUTO_TEST_CASE(equals_the_explicit_matrix)
{
    constexpr size_t nw = 29;
    const auto x = noise(nw);
    std::vector<std::complex<double>> spectrum(nw);
    for (size_t k = 0; k < nw; k++)
        for (size_t n = 0; n < nw; n++)
            spectrum[k] +=
                std::complex<double>(x[n]) * std::polar(1.0, -2.0 * M_PI * k * n / nw);
    const auto matrix = wmatrix(std::vector<std::complex<double>>(nw, 1.0), { 0.0, 0.5 });
    std::vector<gr_complex> scores(2 * nw);
    wmatrix_stft(nw, 2 * nw).transform(x.data(), scores.data());
    for (size_t c = 0; c < 2 * nw; c++) {
        std::complex<double> expected;
        for (size_t k = 0; k < nw; k++)
            expected += std::conj(matrix[k * 2 * nw + c]) * spectrum[k];
        // Column 0 is 0 Hz; rows begin at -fs/2. Single precision of sums of about 5.
        const auto score = scores[(c + nw) % (2 * nw)];
        BOOST_CHECK_SMALL(std::abs(std::complex<double>(score) - expected), 1e-5);
    }
}

BOOST_AUTO_TEST_CASE(recover_inverts_for_any_template)
{
    for (size_t rows : { 16, 20, 64 }) {
        const auto x = noise(16);
        auto pulse = noise(16);
        for (auto& sample : pulse)
            sample /= std::abs(sample) * (1.0f + 0.5f * (sample.real() > 0));
        wmatrix_stft stft(16, rows, pulse);
        std::vector<gr_complex> scores(rows), back(16);
        stft.transform(x.data(), scores.data());
        stft.recover(scores.data(), back.data());
        for (size_t n = 0; n < 16; n++)
            BOOST_CHECK_SMALL(std::abs(back[n] - x[n]), 1e-5f);
    }
}

BOOST_AUTO_TEST_CASE(fast_rows_are_small_multiples_of_powers_of_two)
{
    BOOST_CHECK_EQUAL(fast_rows(58), 96u);
    BOOST_CHECK_EQUAL(fast_rows(75), 128u);
    BOOST_CHECK_EQUAL(fast_rows(4), 16u);
    BOOST_CHECK_EQUAL(fast_rows(64), 128u);
    for (size_t window = 4; window < 3000; window++) {
        const size_t rows = fast_rows(window);
        BOOST_REQUIRE(5 * rows >= 8 * window && rows % 16 == 0);
        // 4, 5, 6 and 8 times a power of two are at most 4/3 apart, so little is wasted.
        BOOST_REQUIRE(window <= 24 || 15 * rows <= 32 * window);
    }
}

BOOST_AUTO_TEST_CASE(refuses_what_it_cannot_do)
{
    BOOST_CHECK_THROW(wmatrix_stft(3, 16), std::invalid_argument);
    BOOST_CHECK_THROW(wmatrix_stft(16, 33), std::invalid_argument);
    BOOST_CHECK_THROW(wmatrix_stft(64, 62), std::invalid_argument);
    BOOST_CHECK_THROW(wmatrix_stft(4, 8), std::invalid_argument);
    const std::vector<gr_complex> one_short(15, 1.0f);
    BOOST_CHECK_THROW(wmatrix_stft(16, 32, one_short), std::invalid_argument);
    std::vector<gr_complex> pulse(16, 1.0f);
    pulse[3] = 0.04f;
    BOOST_CHECK_THROW(wmatrix_stft(16, 32, pulse), std::invalid_argument);
    pulse[3] = NAN;
    BOOST_CHECK_THROW(wmatrix_stft(16, 32, pulse), std::invalid_argument);
    BOOST_CHECK_THROW(wmatrix({}, { 0.0 }), std::invalid_argument);
    BOOST_CHECK_THROW(wmatrix({ 0.0, 0.0 }, { 0.0 }), std::invalid_argument);
    BOOST_CHECK_THROW(wmatrix({ 1.0 }, { 1.0 }), std::invalid_argument);
}
