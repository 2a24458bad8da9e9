/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <gnuradio/sentinel/kernel/clock_accountant.h>

#include <algorithm>
#include <cmath>

namespace gr {
namespace sentinel {
namespace kernel {

namespace {
double seconds(uint64_t from_ns, uint64_t to_ns)
{
    return 1e-9 * static_cast<double>(to_ns - from_ns);
}
} // namespace

double clock_accountant::lead(uint64_t now_ns) const
{
    return static_cast<double>(d_received) - seconds(d_anchor_ns, now_ns) * d_rate;
}

uint64_t clock_accountant::add(uint64_t samples, uint64_t now_ns)
{
    if (!d_started) {
        d_started = true;
        d_anchor_ns = d_begin_ns = now_ns;
        d_lead = 0;
        return 0; // when the first samples were taken is not known
    }
    d_received += samples;
    const double now = lead(now_ns);
    switch (d_phase) {
    case phase::opening:
        d_lead = std::max(d_lead, now);
        if (seconds(d_begin_ns, now_ns) >= window_s) {
            d_first_lead = d_lead;
            d_phase = phase::waiting;
        }
        return 0;
    case phase::waiting:
        if (seconds(d_anchor_ns, now_ns) < period_s - window_s)
            return 0;
        // From the first data on: what a stall has held up may still come at once.
        d_phase = phase::closing;
        d_begin_ns = now_ns;
        d_lead = now;
        return 0;
    case phase::closing:
        d_lead = std::max(d_lead, now);
        return seconds(d_begin_ns, now_ns) < window_s ? 0 : compare(now_ns);
    }
    return 0;
}

uint64_t clock_accountant::compare(uint64_t now_ns)
{
    const double deficit = d_first_lead - d_lead;
    const double elapsed = seconds(d_anchor_ns, now_ns) * d_rate;
    // The new anchor keeps the punctual lead of this end as that of the next begin.
    d_first_lead = d_lead - lead(now_ns);
    d_anchor_ns = now_ns;
    d_received = 0;
    d_phase = phase::waiting;
    return deficit > tolerance * elapsed ? static_cast<uint64_t>(std::llround(deficit))
                                         : 0;
}

} // namespace kernel
} // namespace sentinel
} // namespace gr
