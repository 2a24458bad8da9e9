/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gnuradio/sentinel/kernel/packet_order.h>

namespace gr {
namespace sentinel {
namespace kernel {

/*!
 * \brief The gap rule of the published VHF pulse detector, as it is.
 *
 * gap = this packet's time - last packet's time - last packet's items / rate, in integer
 * nanoseconds; missing = round(gap * rate), acted on from 1 sample on. A negative gap
 * cuts with 0 samples missing. Nothing is reordered, jitter counts as gap, duplicates
 * pass.
 */
class SENTINEL_API published_gap_rule
{
public:
    explicit published_gap_rule(double sample_rate) : d_rate(sample_rate) {}

    void push(const packet_header& packet, std::vector<packet_step>& plan);
    void restart() { d_started = false; }

private:
    double d_rate;
    bool d_started = false;
    int64_t d_last_time_ns = 0;
    uint64_t d_last_items = 0;
};

} // namespace kernel
} // namespace sentinel
} // namespace gr
