/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <gnuradio/sentinel/kernel/gaussian_noise.h>

#include <boost/test/unit_test.hpp>

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
