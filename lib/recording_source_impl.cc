/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "recording_source_impl.h"
#include "stream_tags.h"

#include <gnuradio/io_signature.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <stdexcept>

namespace gr {
namespace sentinel {

namespace {
constexpr uint64_t unlimited = std::numeric_limits<uint64_t>::max();
constexpr int stdin_wait_ms = 100; // what a source may wait in work()
// Large enough that a read costs little beside the conversion, small enough for the
// cache.
constexpr size_t buffer_bytes = size_t(1) << 18;
constexpr size_t scratch_samples = 1024; // stays in the L1 cache

recording_config checked(recording_config config)
{
    if (!(config.sample_rate > 0) || !std::isfinite(config.sample_rate))
        throw std::invalid_argument("recording_source: sample_rate must be above 0 Hz");
    if (config.channel >= config.channel_count)
        throw std::invalid_argument(
            "recording_source: channel must be below channel_count");
    const auto format = kernel::parse_sample_format(config.format);
    if (config.native &&
        (!kernel::clipping_is_known(format) || format == kernel::sample_format::ci16_be))
        throw std::invalid_argument("recording_source: native items are for cu8, ci8, "
                                    "cu16_le and ci16_le, not " +
                                    config.format);
    if (config.sample_count < -1)
        throw std::invalid_argument("recording_source: sample_count must be -1 or more");
    const auto earlier = [](const recording_segment& a, const recording_segment& b) {
        return a.sample_start < b.sample_start;
    };
    if (!std::is_sorted(config.segments.begin(), config.segments.end(), earlier))
        throw std::invalid_argument(
            "recording_source: segments must be in ascending order");
    const auto earlier_gain = [](const recording_gain& a, const recording_gain& b) {
        return a.sample_start < b.sample_start;
    };
    if (!std::is_sorted(config.gains.begin(), config.gains.end(), earlier_gain))
        throw std::invalid_argument("recording_source: gains must be in ascending order");
    if (config.segments.empty())
        config.segments.emplace_back();
    config.segments.front().sample_start =
        std::min(config.segments.front().sample_start, config.sample_start);
    return config;
}

size_t item_bytes(const recording_config& config)
{
    return config.native
               ? kernel::bytes_per_sample(kernel::parse_sample_format(config.format))
               : sizeof(gr_complex);
}
} // namespace

recording_source::sptr recording_source::make(const recording_config& config)
{
    return gnuradio::make_block_sptr<recording_source_impl>(config);
}

recording_source_impl::recording_source_impl(const recording_config& config)
    : gr::sync_block("recording_source",
                     gr::io_signature::make(0, 0, 0),
                     gr::io_signature::make(1, 1, item_bytes(config))),
      d_config(checked(config)),
      d_format(kernel::parse_sample_format(config.format)),
      d_frame_bytes(kernel::bytes_per_sample(d_format) * config.channel_count),
      d_scratch(config.native ? scratch_samples : 0),
      d_reader(config.path, config.byte_offset + config.sample_start * d_frame_bytes),
      d_buffer(std::max(buffer_bytes, 2 * d_frame_bytes)),
      d_bytes_to_read(config.sample_count < 0
                          ? unlimited
                          : static_cast<uint64_t>(config.sample_count) * d_frame_bytes),
      d_index(config.sample_start)
{
    // The segment in force at the first sample is the last one that begins at or before
    // it.
    d_next_segment = 0;
    while (d_next_segment + 1 < d_config.segments.size() &&
           d_config.segments[d_next_segment + 1].sample_start <= d_index)
        d_next_segment++;
}

std::string recording_source_impl::failure() const
{
    std::lock_guard<std::mutex> lock(d_failure_mutex);
    return d_failure;
}

void recording_source_impl::refill(size_t frames_wanted)
{
    if (input_ended() || frames_buffered() >= frames_wanted)
        return;
    std::memmove(d_buffer.data(), d_buffer.data() + d_begin, d_stop - d_begin);
    d_stop -= d_begin;
    d_begin = 0;
    const auto room = std::min<uint64_t>(d_buffer.size() - d_stop, d_bytes_to_read);
    // Something to give out already: take what is there, but do not wait for more.
    const int wait_ms = frames_buffered() > 1 ? 0 : stdin_wait_ms;
    const size_t got = d_reader.read(d_buffer.data() + d_stop, room, wait_ms);
    d_stop += got;
    if (d_bytes_to_read != unlimited)
        d_bytes_to_read -= got;
    if (input_ended())
        note_end_of_input();
}

void recording_source_impl::note_end_of_input()
{
    d_bytes_left_over = (d_stop - d_begin) % d_frame_bytes;
    std::string text = d_reader.error();
    if (text.empty() && d_config.path != "-" && d_bytes_to_read > 0 &&
        d_bytes_to_read != unlimited)
        text = d_config.path + ": ended " +
               std::to_string((d_bytes_to_read + d_frame_bytes - 1) / d_frame_bytes) +
               " samples before the end of the region: was it cut while being read?";
    std::lock_guard<std::mutex> lock(d_failure_mutex);
    d_failure = text;
}

void recording_source_impl::tag_gain_in_force(uint64_t item, uint64_t index)
{
    const auto& gains = d_config.gains;
    while (d_next_gain < gains.size() && gains[d_next_gain].sample_start <= index)
        d_next_gain++;
    if (d_next_gain > 0)
        add_item_tag(
            0, item, tag_gain(), pmt::from_double(gains[d_next_gain - 1].gain_db));
}

// Those within the items at hand up to `count` behind `d_index`; places where a segment
// begins have been done with it.
void recording_source_impl::tag_gain_steps(uint64_t first_item, size_t count)
{
    const auto& gains = d_config.gains;
    while (d_next_gain < gains.size() &&
           gains[d_next_gain].sample_start < d_index + count) {
        const uint64_t index = gains[d_next_gain].sample_start;
        tag_gain_in_force(first_item + index - d_index, index);
    }
}

void recording_source_impl::tag_segment(uint64_t item,
                                        uint64_t index,
                                        const recording_segment& segment)
{
    add_item_tag(0, item, tag_start(), pmt::from_uint64(index));
    add_item_tag(0, item, tag_step(), pmt::from_uint64(1));
    add_item_tag(0, item, tag_rx_rate(), pmt::from_double(d_config.sample_rate));
    add_item_tag(0, item, tag_rx_freq(), pmt::from_double(segment.center_freq_hz));
    tag_gain_in_force(item, index);
    if (!segment.has_time)
        return;
    const double later_s =
        segment.time_fraction_s +
        static_cast<double>(index - segment.sample_start) / d_config.sample_rate;
    const double whole_s = std::floor(later_s);
    add_item_tag(
        0,
        item,
        tag_rx_time(),
        pmt::make_tuple(pmt::from_uint64(segment.time_s + static_cast<uint64_t>(whole_s)),
                        pmt::from_double(later_s - whole_s)));
}

void recording_source_impl::tag_starts(size_t count)
{
    const uint64_t first_item = nitems_written(0);
    const auto& segments = d_config.segments;
    if (!d_started) {
        tag_segment(first_item, d_index, segments[d_next_segment++]);
        if (!pmt::is_null(d_config.stream))
            add_item_tag(0, first_item, tag_stream(), d_config.stream);
        d_started = true;
    }
    for (; d_next_segment < segments.size() &&
           segments[d_next_segment].sample_start < d_index + count;
         d_next_segment++) {
        const auto& segment = segments[d_next_segment];
        const size_t before = segment.sample_start - d_index;
        tag_gain_steps(first_item, before);
        tag_segment(first_item + before, segment.sample_start, segment);
    }
    tag_gain_steps(first_item, count);
}

kernel::sample_counts recording_source_impl::give(size_t count, void* out)
{
    if (d_config.native)
        return give_native(count, static_cast<unsigned char*>(out));
    return kernel::convert_samples(d_format,
                                   d_buffer.data() + d_begin,
                                   count,
                                   static_cast<gr_complex*>(out),
                                   d_config.channel,
                                   d_config.channel_count);
}

kernel::sample_counts recording_source_impl::give_native(size_t count, unsigned char* out)
{
    const size_t item = kernel::bytes_per_sample(d_format);
    const unsigned char* in = d_buffer.data() + d_begin;
    kernel::sample_counts total;
    for (size_t done = 0; done < count; done += d_scratch.size()) {
        const size_t n = std::min(d_scratch.size(), count - done);
        total.clipped += kernel::convert_samples(d_format,
                                                 in + done * d_frame_bytes,
                                                 n,
                                                 d_scratch.data(),
                                                 d_config.channel,
                                                 d_config.channel_count)
                             .clipped;
    }
    in += d_config.channel * item;
    if (d_frame_bytes == item)
        std::memcpy(out, in, count * item);
    else
        for (size_t i = 0; i < count; i++)
            std::memcpy(out + i * item, in + i * d_frame_bytes, item);
    return total;
}

int recording_source_impl::work(int noutput_items,
                                gr_vector_const_void_star&,
                                gr_vector_void_star& output_items)
{
    if (d_done)
        return WORK_DONE;
    const bool asked_to_end = d_end_requested;
    const size_t wanted = static_cast<size_t>(noutput_items);
    if (!asked_to_end)
        refill(wanted + 1);

    const size_t frames = frames_buffered();
    const bool ending = asked_to_end || input_ended();
    const size_t held_back = ending ? 0 : 1;
    const size_t count = std::min(wanted, frames > held_back ? frames - held_back : 0);
    d_done = ending && (asked_to_end || count == frames);
    if (count == 0)
        return d_done ? WORK_DONE : 0;

    const auto bad = give(count, output_items[0]);
    tag_starts(count);
    d_begin += count * d_frame_bytes;
    d_index += count;
    if (d_done)
        add_item_tag(
            0, nitems_written(0) + count - 1, tag_end(), pmt::from_uint64(d_index));
    d_samples_read += count;
    d_samples_clipped += bad.clipped;
    d_samples_nonfinite += bad.nonfinite;
    return static_cast<int>(count);
}

} // namespace sentinel
} // namespace gr
