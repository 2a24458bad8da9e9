/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <gnuradio/sentinel/kernel/gaussian_noise.h>

#include <boost/test/unit_test.hpp>

#include <cmath>
#include <complex>
#include <vector>

using gr::sentinel::kernel::gaussian_noise;

BOOST_AUTO_TEST_CASE(unit_power_and_independent_parts)
{
    std::vector<gr_complex> x(200000);
    gaussian_noise(5).generate(x.data(), x.size());
    double power = 0.0, fourth = 0.0;
    std::complex<double> mean, pseudo;
    for (const auto& sample : x) {
        const std::complex<double> value(sample);
        mean += value;
        pseudo += value * value;
        power += std::norm(value);
        fourth += std::norm(value) * std::norm(value);
    }
    const double n = x.size(); // bounds are five standard errors, 5 k / sqrt(n)
    BOOST_CHECK_SMALL(power / n - 1.0, 0.012);
    BOOST_CHECK_SMALL(fourth / n - 2.0, 0.05);
    BOOST_CHECK_SMALL(std::abs(mean) / n, 0.012);
    BOOST_CHECK_SMALL(std::abs(pseudo) / n, 0.016);
}

BOOST_AUTO_TEST_CASE(the_seed_decides)
{
    std::vector<gr_complex> a(64), b(64), other(64);
    gaussian_noise(1).generate(a.data(), 64);
    gaussian_noise parts(1);
    parts.generate(b.data(), 1);
    parts.generate(b.data() + 1, 63);
    gaussian_noise(2).generate(other.data(), 64);
    BOOST_CHECK(a == b);
    BOOST_CHECK(a != other);
}

BOOST_AUTO_TEST_CASE(the_power_is_exponential_into_its_tail)
{
    std::vector<gr_complex> x(1 << 20);
    gaussian_noise noise(9);
    const double levels[] = { 1e-4, 0.01, 1.0, 6.0, 10.0, 12.0 };
    double above[6] = {};
    constexpr int rounds = 32;
    for (int round = 0; round < rounds; round++) {
        noise.generate(x.data(), x.size());
        for (const auto& sample : x)
            for (int i = 0; i < 6; i++)
                above[i] += std::norm(sample) > levels[i];
    }
    const double n = double(rounds) * x.size();
    for (int i = 0; i < 6; i++) {
        const double expected = std::exp(-levels[i]);
        BOOST_CHECK_SMALL(above[i] / n - expected,
                          5 * std::sqrt(expected * (1 - expected) / n));
    }
}

BOOST_AUTO_TEST_CASE(the_phase_is_uniform_over_the_turn)
{
    std::vector<gr_complex> x(1 << 22);
    gaussian_noise(4).generate(x.data(), x.size());
    constexpr int sectors = 64;
    double count[sectors] = {};
    for (const auto& sample : x)
        count[static_cast<int>((std::arg(sample) / (2 * M_PI) + 1.0) * sectors) %
              sectors]++;
    const double expected = double(x.size()) / sectors;
    for (double c : count)
        BOOST_CHECK_SMALL(c - expected, 5 * std::sqrt(expected));
}
