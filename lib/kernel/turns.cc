/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <gnuradio/sentinel/kernel/turns.h>

#include <cmath>

namespace gr {
namespace sentinel {
namespace kernel {

uint64_t turns_per_step(double frequency_hz, double samples, double rate_hz)
{
    // Product and quotient as a double and its rounding error: 53 bits would not do.
    const double product = frequency_hz * samples;
    const double product_error = std::fma(frequency_hz, samples, -product);
    const double quotient = product / rate_hz;
    const double quotient_error =
        (std::fma(-quotient, rate_hz, product) + product_error) / rate_hz;

    const double scaled = std::ldexp(std::fmod(quotient, 1.0), 64);
    const double whole = std::floor(scaled);
    const uint64_t high =
        whole < 0 ? -static_cast<uint64_t>(-whole) : static_cast<uint64_t>(whole);
    const double low = scaled - whole + std::ldexp(quotient_error, 64);
    return high + static_cast<uint64_t>(std::llround(low));
}

uint64_t turns_of_fraction(uint64_t numerator, uint64_t denominator)
{
    // Long division, one bit of the fraction at a time; used at set-up only.
    uint64_t rest = numerator % denominator;
    uint64_t turns = 0;
    for (int bit = 0; bit < 64; bit++) {
        const bool one = rest >= denominator - rest;
        rest = one ? rest - (denominator - rest) : 2 * rest;
        turns = 2 * turns + one;
    }
    return turns + (rest >= denominator - rest);
}

std::complex<double> unwind(uint64_t turns)
{
    const double fraction =
        std::ldexp(static_cast<double>(static_cast<int64_t>(turns)), -64);
    return std::polar(1.0, -2 * M_PI * fraction);
}

} // namespace kernel
} // namespace sentinel
} // namespace gr
