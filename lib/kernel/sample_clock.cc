/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <gnuradio/sentinel/kernel/sample_clock.h>

#include <cmath>

namespace gr {
namespace sentinel {
namespace kernel {

namespace {
//! Time that `count` samples take. Whole seconds apart, with a remainder that is rounded
//! once, so that the mantissa is enough for any rate and count that occur.
uint64_t span_ns(uint64_t count, double rate)
{
    const long double samples = static_cast<long double>(count);
    const long double whole_s = std::floor(samples / rate);
    const long double rest = std::fma(-whole_s, static_cast<long double>(rate), samples);
    return static_cast<uint64_t>(whole_s) * 1000000000u +
           static_cast<uint64_t>(std::llround(rest * 1e9L / rate));
}
} // namespace

void sample_clock::set_rate(uint64_t index, double sample_rate)
{
    if (d_anchored)
        anchor(index, time_ns(index));
    d_rate = sample_rate;
}

void sample_clock::anchor(uint64_t index, uint64_t time_ns)
{
    d_index = index;
    d_time_ns = time_ns;
    d_anchored = true;
}

uint64_t sample_clock::time_ns(uint64_t index) const
{
    if (index >= d_index)
        return d_time_ns + span_ns(index - d_index, d_rate);
    const uint64_t before = span_ns(d_index - index, d_rate);
    return before < d_time_ns ? d_time_ns - before : 0;
}

} // namespace kernel
} // namespace sentinel
} // namespace gr
