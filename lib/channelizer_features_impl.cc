/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "channelizer_features_impl.h"
#include "feature_message.h"
#include "stream_tags.h"
#include "tag_time.h"

#include <gnuradio/io_signature.h>

#include <algorithm>
#include <cmath>

namespace gr {
namespace sentinel {

namespace {

constexpr double least_power = 1e-20; // -200 dB stands for none
// A record is an odd number of words long, so that buffers hold a multiple of that many.
constexpr long buffer_items = 1024;

const pmt::pmt_t& port()
{
    static const auto name = pmt::mp("features");
    return name;
}

std::vector<int> item_sizes(const kernel::channelizer_features& features)
{
    const int channels = static_cast<int>(features.settings().channels * sizeof(float));
    return { static_cast<int>(features.record_length() * sizeof(float)),
             channels,
             channels };
}

} // namespace

channelizer_features::sptr channelizer_features::make(const config& settings)
{
    // Made first, so that bad settings are named before the scheduler sees them.
    kernel::channelizer_features features(settings);
    return gnuradio::make_block_sptr<channelizer_features_impl>(std::move(features));
}

channelizer_features_impl::channelizer_features_impl(
    kernel::channelizer_features&& features)
    : gr::block("channelizer_features",
                gr::io_signature::make(
                    1, 1, kernel::bytes_per_sample(features.settings().format)),
                gr::io_signature::makev(1, 3, item_sizes(features))),
      d_kernel(std::move(features)),
      d_snapshot(d_kernel.settings().snapshot_samples),
      d_channels(d_kernel.settings().channels),
      d_item_bytes(kernel::bytes_per_sample(d_kernel.settings().format)),
      d_sample_rate(d_kernel.settings().sample_rate),
      d_rate(d_sample_rate),
      d_clock(d_sample_rate),
      d_center(pmt::PMT_NIL),
      d_stream(pmt::PMT_NIL),
      d_time(pmt::PMT_NIL)
{
    set_tag_propagation_policy(TPP_DONT);
    set_relative_rate(1, d_snapshot);
    set_min_output_buffer(buffer_items);
    message_port_register_out(port());
}

void channelizer_features_impl::forecast(int, gr_vector_int& required)
{
    const bool due = d_state == state::flushing || d_kernel.records_due() > 0;
    required[0] = due ? 0 : 1;
}

int channelizer_features_impl::general_work(int noutput_items,
                                            gr_vector_int& ninput_items,
                                            gr_vector_const_void_star& input_items,
                                            gr_vector_void_star& output_items)
{
    const auto* in = static_cast<const unsigned char*>(input_items[0]);
    auto* records = static_cast<float*>(output_items[0]);
    const size_t capacity = noutput_items, available = ninput_items[0];
    size_t produced = 0;
    if (d_state == state::between_segments && available > 0)
        begin_segment();
    if (d_state == state::in_segment) {
        const segment_boundary until = find_boundary(available);
        read_tags(nitems_read(0) + until.items);
        size_t taken = 0;
        produced = feed(in, until.items, records, capacity, taken);
        consume(0, static_cast<int>(taken));
        if (until.ends && taken == until.items)
            d_state = state::flushing;
    }
    if (d_state == state::flushing)
        produced +=
            d_kernel.finish(records + produced * record_length(), capacity - produced);
    tell(produced, output_items);
    return static_cast<int>(produced);
}

// ---- input ----

void channelizer_features_impl::begin_segment()
{
    const uint64_t begin = nitems_read(0);
    std::vector<tag_t> tags;
    get_tags_in_range(tags, 0, begin, begin + 1);
    uint64_t start = begin, step = 1;
    double rate = 0;
    bool new_stream = false;
    for (const auto& tag : tags) {
        if (tag.key == tag_start())
            start = pmt::to_uint64(tag.value);
        else if (tag.key == tag_step())
            step = std::max<uint64_t>(1, pmt::to_uint64(tag.value));
        else if (tag.key == tag_rx_rate())
            rate = pmt::to_double(tag.value);
        else if (tag.key == tag_stream())
            new_stream = true;
    }
    // A timeline that begins again says nothing of the time that has passed.
    if (new_stream || start < d_start)
        d_clock.forget();
    if (new_stream)
        d_kernel.set_gain(NAN);
    d_kernel.reset();

    d_state = state::in_segment;
    d_segment_begin = d_tags_read = begin;
    d_segment_output = nitems_written(0);
    d_start = start;
    d_step = step;
    d_to_fill = 0;
    d_marks.clear();
    const uint64_t item = d_segment_output;
    add_item_tag(0, item, tag_start(), pmt::from_uint64(start), alias_pmt());
    add_item_tag(0, item, tag_step(), pmt::from_uint64(step * d_snapshot), alias_pmt());
    take_rate(rate);
}

void channelizer_features_impl::take_rate(double said)
{
    const double made_for = d_sample_rate * static_cast<double>(d_step);
    d_rate = said > 0 ? said : made_for;
    d_clock.set_rate(d_start, d_rate);
    if (!(said > 0))
        add_item_tag(
            0, d_segment_output, tag_rx_rate(), pmt::from_double(d_rate), alias_pmt());
    else if (std::abs(said - made_for) > 1e-6 * made_for)
        d_logger->warn("the stream runs at {} Hz (rx_rate / sentinel_step), the features "
                       "were made for {} Hz: set sample_rate to the stream's",
                       said / static_cast<double>(d_step),
                       d_sample_rate);
}

segment_boundary channelizer_features_impl::find_boundary(uint64_t available)
{
    return find_segment_boundary(
        nitems_read(0),
        available,
        d_segment_begin,
        [this](auto& tags, uint64_t begin, uint64_t end, const pmt::pmt_t& key) {
            get_tags_in_range(tags, 0, begin, end, key);
        });
}

// Sorts the tags up to `end` that have not been seen yet by what is to be done with them.
void channelizer_features_impl::read_tags(uint64_t end)
{
    if (end <= d_tags_read)
        return;
    std::vector<tag_t> tags;
    get_tags_in_range(tags, 0, d_tags_read, end);
    std::sort(tags.begin(), tags.end(), tag_t::offset_compare);
    d_tags_read = end;
    for (auto& tag : tags) {
        uint64_t time_ns;
        if (tag.key == tag_filled() || tag.key == tag_lost() || tag.key == tag_gain()) {
            d_marks.push_back(tag);
        } else if (tag.key == tag_rx_time()) {
            if (read_time(tag.value, time_ns))
                d_clock.stamp(place_of(tag.offset), time_ns);
        } else if (tag.key != tag_start() && tag.key != tag_step() &&
                   tag.key != tag_end()) {
            tag.offset = d_segment_output + (tag.offset - d_segment_begin) / d_snapshot;
            d_tags.push_back(tag);
        }
    }
}

// Gives items to the kernel, from one mark to the next; returns the number of records.
size_t channelizer_features_impl::feed(
    const unsigned char* in, size_t items, float* records, size_t capacity, size_t& taken)
{
    size_t produced = 0;
    for (;;) {
        const uint64_t item = nitems_read(0) + taken;
        obey_marks(item);
        uint64_t count = items - taken;
        if (!d_marks.empty())
            count = std::min(count, d_marks.front().offset - item);
        const bool fills = d_to_fill > 0;
        if (fills)
            count = std::min(count, d_to_fill);
        float* out = records + produced * record_length();
        const auto done =
            fills ? d_kernel.skip(count, out, capacity - produced)
                  : d_kernel.process(
                        in + taken * d_item_bytes, count, out, capacity - produced);
        taken += done.consumed;
        produced += done.produced;
        if (fills)
            d_to_fill -= done.consumed;
        if (taken == items || done.consumed < count)
            return produced;
    }
}

void channelizer_features_impl::obey_marks(uint64_t item)
{
    for (; !d_marks.empty() && d_marks.front().offset <= item; d_marks.pop_front()) {
        const auto& mark = d_marks.front();
        if (mark.key == tag_lost())
            d_kernel.add_lost(pmt::to_uint64(mark.value));
        else if (mark.key == tag_gain())
            d_kernel.set_gain(pmt::to_double(mark.value));
        else // in samples of the input, of which an item may be several
            d_to_fill =
                std::max(d_to_fill, (pmt::to_uint64(mark.value) + d_step - 1) / d_step);
    }
}

// ---- output ----

// Tags and messages of the records just written, and the two vectors where asked for.
void channelizer_features_impl::tell(size_t count, gr_vector_void_star& outputs)
{
    const uint64_t end = place_of(d_segment_begin + d_kernel.next_sample());
    for (size_t j = 0; j < count; j++) {
        const auto* record = static_cast<const float*>(outputs[0]) + j * record_length();
        if (outputs.size() > 1) {
            auto* power_db = static_cast<float*>(outputs[1]) + j * d_channels;
            for (size_t k = 0; k < d_channels; k++)
                power_db[k] = static_cast<float>(
                    10 * std::log10(std::max<double>(record[k], least_power)));
        }
        if (outputs.size() > 2)
            std::copy_n(record + d_channels,
                        d_channels,
                        static_cast<float*>(outputs[2]) + j * d_channels);
        const uint64_t item = nitems_written(0) + j, full = d_snapshot * d_step;
        const uint64_t place = d_start + (item - d_segment_output) * full;
        const bool last = d_state == state::flushing && place + full >= end;
        write_tags(item, place, last ? end : 0);
        message_port_pub(port(),
                         feature_message(record,
                                         d_channels,
                                         { place,
                                           std::min(full, end - place),
                                           d_rate,
                                           d_center,
                                           d_time,
                                           d_stream }));
        if (last)
            d_state = state::between_segments;
    }
}

// `end` is one past the last sample of a segment's last record, else 0.
void channelizer_features_impl::write_tags(uint64_t item, uint64_t place, uint64_t end)
{
    for (; !d_tags.empty() && (end > 0 || d_tags.front().offset <= item);
         d_tags.pop_front()) {
        auto& tag = d_tags.front();
        if (tag.key == tag_rx_freq())
            d_center = tag.value;
        else if (tag.key == tag_stream())
            d_stream = tag.value;
        tag.offset = item;
        add_item_tag(0, tag);
    }
    uint64_t time_ns;
    const bool known = d_clock.find(place, place + d_snapshot * d_step, time_ns);
    d_time = known ? time_value(time_ns) : pmt::PMT_NIL;
    if (known)
        add_item_tag(0, item, tag_rx_time(), d_time, alias_pmt());
    if (end > 0)
        add_item_tag(0, item, tag_end(), pmt::from_uint64(end), alias_pmt());
}

} // namespace sentinel
} // namespace gr
