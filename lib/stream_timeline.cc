/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "iq_packet_sink_impl.h"
#include "tag_time.h"

namespace gr {
namespace sentinel {

namespace {
constexpr uint64_t second_ns = 1000000000;
// Beyond them a tag is not a rate, and the arithmetic would overflow.
constexpr double smallest_rate = 1e-3;
constexpr double largest_rate = 1e12;

double checked_rate(double rate)
{
    if (!(rate >= smallest_rate && rate <= largest_rate))
        throw std::invalid_argument(
            "sample_rate must be the stream's rate in Hz, above 0");
    return rate;
}

uint64_t clock_ns()
{
    using namespace std::chrono;
    return duration_cast<nanoseconds>(system_clock::now().time_since_epoch()).count();
}
} // namespace

void stream_change::add(const tag_t& tag)
{
    if (pmt::eq(tag.key, tag_stream()))
        new_stream = true;
    else if (pmt::eq(tag.key, tag_end()))
        ends = true;
    else if (pmt::eq(tag.key, tag_rx_time()))
        has_time = read_time(tag.value, time_ns);
    else if (pmt::eq(tag.key, tag_rx_rate()) && pmt::is_real(tag.value)) {
        const double said = pmt::to_double(tag.value);
        rate = said >= smallest_rate && said <= largest_rate ? said : 0;
    } else if (pmt::eq(tag.key, tag_start()) && pmt::is_uint64(tag.value)) {
        starts = true;
        start = pmt::to_uint64(tag.value);
    } else if (pmt::eq(tag.key, tag_step()) && pmt::is_uint64(tag.value))
        step = pmt::to_uint64(tag.value);
}

stream_timeline::stream_timeline(double sample_rate)
    : d_sample_rate(checked_rate(sample_rate)), d_clock(sample_rate)
{
}

uint64_t stream_timeline::time_ns(uint64_t item)
{
    if (!d_clock.anchored())
        d_clock.anchor(index(item), clock_ns());
    return d_clock.time_ns(index(item));
}

bool stream_timeline::breaks(const stream_change& change) const
{
    if (change.starts || (change.step != 0 && change.step != d_step) ||
        (change.rate > 0 && change.rate != d_clock.rate()))
        return true;
    if (!change.has_time || !d_clock.anchored())
        return change.has_time;
    const uint64_t expected_ns = d_clock.time_ns(index(change.item));
    const uint64_t off_ns =
        std::max(expected_ns, change.time_ns) - std::min(expected_ns, change.time_ns);
    return static_cast<double>(off_ns) * item_rate() >= second_ns / 2;
}

void stream_timeline::apply(const stream_change& change)
{
    const uint64_t start = change.starts ? change.start : index(change.item);
    // A timeline that begins again says nothing of the time that has passed.
    if (change.new_stream || (change.starts && start < index(change.item)))
        d_clock.forget_anchor();
    d_start = start;
    d_item = change.item;
    if (change.step != 0)
        d_step = change.step;
    if (change.rate > 0) {
        d_clock.set_rate(start, change.rate);
        d_rate_said = true;
    } else if (!d_rate_said) {
        d_clock.set_rate(start, d_sample_rate * static_cast<double>(d_step));
    }
    if (change.has_time)
        d_clock.anchor(start, change.time_ns);
}

} // namespace sentinel
} // namespace gr
