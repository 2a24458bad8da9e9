/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "decimator_impl.h"
#include "stream_tags.h"
#include "tag_time.h"

#include <gnuradio/io_signature.h>
#include <gnuradio/sentinel/kernel/cascade_design.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace gr {
namespace sentinel {

namespace {
// Beyond this a stream is not the one the decimator was made for; the published limit.
constexpr double rate_tolerance = 5000e-6;

size_t checked(int decimation)
{
    if (decimation < 1)
        throw std::invalid_argument("decimator: decimation must be at least 1");
    return static_cast<size_t>(decimation);
}
} // namespace

decimator::sptr decimator::make(double sample_rate, int decimation, double shift_hz)
{
    return gnuradio::make_block_sptr<decimator_impl>(sample_rate, decimation, shift_hz);
}

decimator_impl::decimator_impl(double sample_rate, int decimation, double shift_hz)
    : gr::block("decimator",
                gr::io_signature::make(1, 1, sizeof(gr_complex)),
                gr::io_signature::make(1, 1, sizeof(gr_complex))),
      d_sample_rate(sample_rate),
      d_decimation(checked(decimation)),
      d_shift(shift_hz),
      d_kernel(sample_rate, d_decimation, shift_hz),
      d_rate(sample_rate),
      d_end(pmt::PMT_NIL)
{
    set_tag_propagation_policy(TPP_CUSTOM);
    set_relative_rate(1, d_decimation);
}

void decimator_impl::set_shift(double shift_hz)
{
    std::lock_guard<std::mutex> lock(d_mutex);
    d_kernel.tune(shift_hz, d_rate);
    d_shift = shift_hz;
    d_shift_changed = true;
}

double decimator_impl::shift() const
{
    std::lock_guard<std::mutex> lock(d_mutex);
    return d_shift;
}

double decimator_impl::input_rate() const
{
    std::lock_guard<std::mutex> lock(d_mutex);
    return d_input_rate;
}

std::vector<int> decimator_impl::factors() const
{
    return { d_kernel.factors().begin(), d_kernel.factors().end() };
}

unsigned long decimator_impl::group_delay() const
{
    return kernel::cascade_delay(d_kernel.factors());
}

void decimator_impl::forecast(int, gr_vector_int& required)
{
    required[0] = d_state == state::flushing ? 0 : 1;
}

int decimator_impl::general_work(int noutput_items,
                                 gr_vector_int& ninput_items,
                                 gr_vector_const_void_star& input_items,
                                 gr_vector_void_star& output_items)
{
    const auto* in = static_cast<const gr_complex*>(input_items[0]);
    auto* out = static_cast<gr_complex*>(output_items[0]);
    const size_t capacity = noutput_items;
    std::lock_guard<std::mutex> lock(d_mutex);

    size_t produced = 0;
    if (d_state != state::flushing && ninput_items[0] > 0) {
        if (d_state == state::between_segments)
            begin_segment();
        apply_shift();
        const segment_boundary until = find_boundary(ninput_items[0]);
        const auto step = d_kernel.process(in, until.items, out, capacity);
        produced = step.produced;
        collect_tags(nitems_read(0), nitems_read(0) + step.consumed);
        consume(0, static_cast<int>(step.consumed));
        if (until.ends && step.consumed == until.items) {
            d_state = state::flushing;
            d_end = until.end;
        }
    }
    bool last = false;
    if (d_state == state::flushing) {
        produced += d_kernel.flush(out + produced, capacity - produced);
        last = d_kernel.outputs_at_end() == 0;
        if (last)
            d_state = state::between_segments;
    }
    write_collected_tags(produced, last);
    return static_cast<int>(produced);
}

void decimator_impl::begin_segment()
{
    d_state = state::in_segment;
    d_segment_begin = nitems_read(0);
    d_segment_output = nitems_written(0);

    std::vector<tag_t> tags;
    get_tags_in_range(tags, 0, d_segment_begin, d_segment_begin + 1);
    uint64_t start = d_segment_begin, step = 1;
    double rate = 0;
    for (const auto& tag : tags) {
        if (tag.key == tag_start())
            start = pmt::to_uint64(tag.value);
        else if (tag.key == tag_step())
            step = std::max<uint64_t>(1, pmt::to_uint64(tag.value));
        else if (tag.key == tag_rx_rate())
            rate = pmt::to_double(tag.value);
        else if (tag.key == tag_rx_freq())
            d_shift_changed = false; // the tag of the segment itself says it
    }
    const uint64_t item = d_segment_output;
    add_item_tag(0, item, tag_start(), pmt::from_uint64(start), alias_pmt());
    add_item_tag(0, item, tag_step(), pmt::from_uint64(step * d_decimation), alias_pmt());
    if (rate == 0)
        add_item_tag(0,
                     item,
                     tag_rx_rate(),
                     pmt::from_double(d_sample_rate * static_cast<double>(step)),
                     alias_pmt());
    else
        take_rate(rate / static_cast<double>(step));
    d_input_rate = d_rate;
    // By its place on the timeline the oscillator keeps its phase across a cut.
    d_kernel.reset(start / step);
}

// The shift is in Hz: its oscillator must know the rate that the samples really have.
void decimator_impl::take_rate(double rate)
{
    if (std::abs(rate - d_sample_rate) > rate_tolerance * d_sample_rate)
        d_logger->warn(
            "the stream runs at {} Hz (rx_rate / sentinel_step), the decimator was made "
            "for {} Hz: set sample_rate to the stream's",
            rate,
            d_sample_rate);
    if (rate == d_rate || !(std::abs(d_shift) <= rate / 2))
        return;
    d_kernel.tune(d_shift, rate);
    d_rate = rate;
}

// A change by set_shift is in force already; what is left is to say so.
void decimator_impl::apply_shift()
{
    if (d_shift_changed && d_center != 0) {
        tag_t tag;
        tag.offset = output_of(nitems_read(0));
        tag.key = tag_rx_freq();
        tag.value = shifted_center();
        tag.srcid = alias_pmt();
        d_tags.push_back(tag);
    }
    d_shift_changed = false;
}

segment_boundary decimator_impl::find_boundary(uint64_t available)
{
    return find_segment_boundary(
        nitems_read(0),
        available,
        d_segment_begin,
        [this](auto& tags, uint64_t begin, uint64_t end, const pmt::pmt_t& key) {
            get_tags_in_range(tags, 0, begin, end, key);
        });
}

// First output centred at or after an item of this segment.
uint64_t decimator_impl::output_of(uint64_t item) const
{
    return d_segment_output + (item - d_segment_begin + d_decimation - 1) / d_decimation;
}

pmt::pmt_t decimator_impl::shifted_center() const
{
    return pmt::from_double(d_center == 0 ? 0.0 : d_center - d_shift);
}

// Keeps all tags but our own for the output they belong to.
void decimator_impl::collect_tags(uint64_t begin, uint64_t end)
{
    std::vector<tag_t> tags;
    get_tags_in_range(tags, 0, begin, end);
    std::sort(tags.begin(), tags.end(), tag_t::offset_compare);
    for (auto& tag : tags) {
        if (tag.key == tag_start() || tag.key == tag_step() || tag.key == tag_end())
            continue;
        const uint64_t output = output_of(tag.offset);
        if (tag.key == tag_rx_time()) {
            const uint64_t centre =
                d_segment_begin + (output - d_segment_output) * d_decimation;
            tag.value = advanced_time(tag.value,
                                      static_cast<double>(centre - tag.offset) / d_rate);
        } else if (tag.key == tag_rx_freq()) {
            d_center = pmt::to_double(tag.value);
            tag.value = shifted_center();
        }
        tag.offset = output;
        d_tags.push_back(tag);
    }
}

void decimator_impl::write_collected_tags(uint64_t produced, bool last)
{
    const uint64_t end = nitems_written(0) + produced;
    for (; !d_tags.empty() && (last || d_tags.front().offset < end); d_tags.pop_front()) {
        d_tags.front().offset = std::min(d_tags.front().offset, end - 1);
        add_item_tag(0, d_tags.front());
    }
    if (last && !pmt::is_null(d_end))
        add_item_tag(0, end - 1, tag_end(), d_end, alias_pmt());
}

} // namespace sentinel
} // namespace gr
