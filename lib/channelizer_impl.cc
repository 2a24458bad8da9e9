/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "channelizer_impl.h"
#include "stream_tags.h"
#include "tag_time.h"

#include <gnuradio/io_signature.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>

namespace gr {
namespace sentinel {

namespace {

kernel::channelizer make_kernel(double sample_rate,
                                int decimation,
                                int fft_size,
                                const std::vector<float>& taps,
                                const std::vector<double>& frequencies_hz)
{
    if (decimation < 1 || fft_size < 1)
        throw std::invalid_argument(
            "channelizer: decimation and fft_size must be at least 1");
    if (!taps.empty() && taps.size() % 2 == 0)
        throw std::invalid_argument("channelizer: taps: " + std::to_string(taps.size()) +
                                    " were given, an odd number has a centre");
    std::vector<kernel::channelizer::tuning> channels;
    for (double frequency : frequencies_hz)
        channels.push_back(kernel::channelizer::tune(frequency, sample_rate, fft_size));
    return kernel::channelizer({ sample_rate,
                                 static_cast<size_t>(decimation),
                                 static_cast<size_t>(fft_size),
                                 taps,
                                 channels });
}

} // namespace

channelizer::sptr channelizer::make(double sample_rate,
                                    int decimation,
                                    int fft_size,
                                    const std::vector<float>& taps,
                                    const std::vector<double>& frequencies_hz)
{
    return gnuradio::make_block_sptr<channelizer_impl>(
        sample_rate, decimation, fft_size, taps, frequencies_hz);
}

channelizer_impl::channelizer_impl(double sample_rate,
                                   int decimation,
                                   int fft_size,
                                   const std::vector<float>& taps,
                                   const std::vector<double>& frequencies_hz)
    : gr::block(
          "channelizer",
          gr::io_signature::make(1, 1, sizeof(gr_complex)),
          gr::io_signature::make(
              1, 1, std::max<size_t>(1, frequencies_hz.size()) * sizeof(gr_complex))),
      d_sample_rate(sample_rate),
      d_decimation(decimation),
      d_fft_size(fft_size),
      d_frequencies(frequencies_hz),
      d_kernel(make_kernel(sample_rate, decimation, fft_size, taps, frequencies_hz)),
      d_end(pmt::PMT_NIL)
{
    set_tag_propagation_policy(TPP_DONT);
    set_relative_rate(1, d_decimation);
}

void channelizer_impl::set_frequency(int channel, double frequency_hz)
{
    const size_t count = d_kernel.count();
    if (channel < 0 || static_cast<size_t>(channel) >= count)
        throw std::invalid_argument("channelizer: channel " + std::to_string(channel) +
                                    " is not one of 0 to " + std::to_string(count - 1));
    const auto tuning =
        kernel::channelizer::tune(frequency_hz, d_sample_rate, d_fft_size);
    std::lock_guard<std::mutex> lock(d_mutex);
    d_kernel.retune(channel, tuning);
    d_frequencies[channel] = frequency_hz;
    d_offsets_changed = true;
}

void channelizer_impl::set_frequencies(const std::vector<double>& frequencies_hz)
{
    std::vector<kernel::channelizer::tuning> tunings;
    for (double frequency : frequencies_hz)
        tunings.push_back(
            kernel::channelizer::tune(frequency, d_sample_rate, d_fft_size));
    std::lock_guard<std::mutex> lock(d_mutex);
    if (tunings.size() != d_frequencies.size())
        throw std::invalid_argument("channelizer: " + std::to_string(tunings.size()) +
                                    " frequencies for " +
                                    std::to_string(d_frequencies.size()) +
                                    " channels; their number is fixed at the start");
    for (size_t c = 0; c < tunings.size(); c++)
        if (frequencies_hz[c] != d_frequencies[c])
            d_kernel.retune(c, tunings[c]);
    d_frequencies = frequencies_hz;
    d_offsets_changed = true;
}

std::vector<double> channelizer_impl::frequencies() const
{
    std::lock_guard<std::mutex> lock(d_mutex);
    return d_frequencies;
}

void channelizer_impl::forecast(int, gr_vector_int& required)
{
    required[0] = d_state == state::flushing ? 0 : 1;
}

int channelizer_impl::general_work(int noutput_items,
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
        produced +=
            d_kernel.flush(out + produced * d_kernel.count(), capacity - produced);
        last = d_kernel.outputs_at_end() == 0;
        if (last)
            d_state = state::between_segments;
    }
    if (d_offsets_changed && produced > 0)
        write_offsets();
    write_collected_tags(produced, last);
    return static_cast<int>(produced);
}

void channelizer_impl::begin_segment()
{
    d_kernel.reset();
    d_state = state::in_segment;
    d_segment_begin = nitems_read(0);
    d_segment_output = nitems_written(0);

    std::vector<tag_t> tags;
    get_tags_in_range(tags, 0, d_segment_begin, d_segment_begin + 1);
    uint64_t start = d_segment_begin, step = 1;
    bool rate_known = false;
    for (const auto& tag : tags) {
        if (tag.key == tag_start())
            start = pmt::to_uint64(tag.value);
        else if (tag.key == tag_step())
            step = pmt::to_uint64(tag.value);
    }
    for (const auto& tag : tags)
        if (tag.key == tag_rx_rate()) {
            rate_known = true;
            warn_of_rate(pmt::to_double(tag.value) / static_cast<double>(step));
        }
    const uint64_t item = d_segment_output;
    add_item_tag(0, item, tag_start(), pmt::from_uint64(start), alias_pmt());
    add_item_tag(0, item, tag_step(), pmt::from_uint64(step * d_decimation), alias_pmt());
    if (!rate_known)
        add_item_tag(
            0, item, tag_rx_rate(), pmt::from_double(d_sample_rate * step), alias_pmt());
    d_offsets_changed = true;
}

void channelizer_impl::warn_of_rate(double rate)
{
    if (std::abs(rate - d_sample_rate) > 1e-6 * d_sample_rate)
        d_logger->warn(
            "the stream runs at {} Hz (rx_rate / sentinel_step), the channelizer was "
            "made for {} Hz: set sample_rate to the stream's",
            rate,
            d_sample_rate);
}

segment_boundary channelizer_impl::find_boundary(uint64_t available)
{
    return find_segment_boundary(
        nitems_read(0),
        available,
        d_segment_begin,
        [this](auto& tags, uint64_t begin, uint64_t end, const pmt::pmt_t& key) {
            get_tags_in_range(tags, 0, begin, end, key);
        });
}

// Keeps all tags but our own for the output they belong to.
void channelizer_impl::collect_tags(uint64_t begin, uint64_t end)
{
    std::vector<tag_t> tags;
    get_tags_in_range(tags, 0, begin, end);
    std::sort(tags.begin(), tags.end(), tag_t::offset_compare);
    for (auto& tag : tags) {
        if (tag.key == tag_start() || tag.key == tag_step() || tag.key == tag_end())
            continue;
        const uint64_t item = tag.offset - d_segment_begin;
        const uint64_t output = (item + d_decimation - 1) / d_decimation;
        if (tag.key == tag_rx_time())
            tag.value = advanced_time(tag.value,
                                      static_cast<double>(output * d_decimation - item) /
                                          d_sample_rate);
        tag.offset = d_segment_output + output;
        d_tags.push_back(tag);
    }
}

void channelizer_impl::write_offsets()
{
    add_item_tag(0,
                 nitems_written(0),
                 tag_offsets(),
                 pmt::init_f64vector(d_frequencies.size(), d_frequencies),
                 alias_pmt());
    d_offsets_changed = false;
}

void channelizer_impl::write_collected_tags(uint64_t produced, bool last)
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
