/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <gnuradio/sentinel/kernel/arrival_pace.h>

#include <algorithm>
#include <cmath>

namespace gr {
namespace sentinel {
namespace kernel {

namespace {
constexpr int packets_needed = 8;
constexpr int memory = 64; // packets; clocks drift apart by microseconds in that time
} // namespace

double arrival_pace::delay_s(uint64_t arrival_ns, double signal_s) const
{
    return 1e-9 * static_cast<double>(static_cast<int64_t>(arrival_ns - d_first_ns)) -
           (signal_s - d_first_s);
}

void arrival_pace::observe(uint64_t arrival_ns, double signal_s)
{
    if (arrival_ns == 0) // not known
        return;
    if (d_packets == 0) {
        d_first_ns = arrival_ns;
        d_first_s = signal_s;
    }
    d_packets++;
    d_elapsed_s =
        1e-9 * static_cast<double>(static_cast<int64_t>(arrival_ns - d_first_ns));
    d_signal_s = signal_s - d_first_s;
    const double weight = 1.0 / std::min(d_packets, memory);
    const double deviation = delay_s(arrival_ns, signal_s) - d_delay_s;
    d_delay_s += weight * deviation;
    d_deviation_s += weight * (std::abs(deviation) - d_deviation_s);
}

bool arrival_pace::paced() const
{
    return d_packets >= packets_needed && d_signal_s > 0 &&
           std::abs(d_elapsed_s - d_signal_s) <= 0.2 * d_signal_s;
}

bool arrival_pace::is_clock_step(uint64_t arrival_ns,
                                 double signal_s,
                                 double jump_s) const
{
    if (arrival_ns == 0 || !paced() || jump_s <= 3 * d_deviation_s)
        return false;
    return delay_s(arrival_ns, signal_s) - d_delay_s < 0.5 * jump_s;
}

} // namespace kernel
} // namespace sentinel
} // namespace gr
