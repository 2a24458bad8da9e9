/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <gnuradio/sentinel/kernel/published_gap_rule.h>

#include <cmath>

namespace gr {
namespace sentinel {
namespace kernel {

void published_gap_rule::push(const packet_header& packet, std::vector<packet_step>& plan)
{
    packet_step step;
    step.packet = packet;
    step.has_time = packet.has_time;
    step.time_ns = packet.time_ns;
    if (d_started && packet.has_time) {
        const auto duration_ns =
            static_cast<int64_t>(std::llround(1e9 * d_last_items / d_rate));
        const int64_t gap_ns = packet.time_ns - d_last_time_ns - duration_ns;
        const double samples = 1e-9 * static_cast<double>(gap_ns) * d_rate;
        const auto missing = std::llround(samples);
        step.seconds = 1e-9 * static_cast<double>(gap_ns);
        step.expected_s = 1e-9 * static_cast<double>(duration_ns);
        step.got_s = step.expected_s + step.seconds;
        if (missing >= 1) {
            step.missing = static_cast<uint64_t>(missing);
            step.gap_samples = samples;
        } else if (missing <= -1) {
            step.never_fill = true;
        }
    }
    if (packet.rate > 0 && packet.rate != d_rate) {
        step.rate_change = d_started;
        d_rate = packet.rate;
    }
    if (packet.has_time) {
        d_started = true;
        d_last_time_ns = packet.time_ns;
        d_last_items = packet.items;
    } else {
        d_last_items += packet.items;
    }
    plan.push_back(step);
}

} // namespace kernel
} // namespace sentinel
} // namespace gr
