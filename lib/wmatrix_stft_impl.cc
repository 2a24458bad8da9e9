/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "wmatrix_stft_impl.h"
#include "stream_tags.h"
#include "tag_time.h"

#include <gnuradio/io_signature.h>

#include <algorithm>
#include <stdexcept>

namespace gr {
namespace sentinel {

namespace {
size_t checked(size_t value, size_t low, size_t high, const char* name)
{
    if (value < low || value > high)
        throw std::invalid_argument(std::string("wmatrix_stft: ") + name + " must be " +
                                    std::to_string(low) + ".." + std::to_string(high) +
                                    ", not " + std::to_string(value));
    return value;
}
} // namespace

wmatrix_stft::sptr wmatrix_stft::make(size_t window,
                                      size_t hop,
                                      size_t rows,
                                      size_t channels,
                                      const std::vector<gr_complex>& pulse_template)
{
    checked(window, 4, 1 << 20, "window");
    checked(hop, 1, window, "hop");
    checked(channels, 1, 1 << 16, "channels");
    return gnuradio::make_block_sptr<wmatrix_stft_impl>(
        window, hop, rows ? rows : kernel::fast_rows(window), channels, pulse_template);
}

wmatrix_stft_impl::wmatrix_stft_impl(size_t window,
                                     size_t hop,
                                     size_t rows,
                                     size_t channels,
                                     const std::vector<gr_complex>& pulse_template)
    : gr::block("wmatrix_stft",
                gr::io_signature::make(1, 1, channels * sizeof(gr_complex)),
                gr::io_signature::make(1, 1, rows * sizeof(gr_complex))),
      d_hop(hop),
      d_channels(channels),
      d_kernel(window, rows, pulse_template),
      d_samples(window)
{
    set_output_multiple(static_cast<int>(channels));
    set_relative_rate(channels, hop);
    set_tag_propagation_policy(TPP_CUSTOM);
}

void wmatrix_stft_impl::forecast(int noutput_items, gr_vector_int& required)
{
    const size_t windows = std::max<size_t>(1, noutput_items / d_channels);
    const size_t samples = d_kernel.window() + (windows - 1) * d_hop;
    required[0] = static_cast<int>(may_go_on(windows) ? samples + d_hop : samples);
}

// A stream that began with `sentinel_start` ends with `sentinel_end`, perhaps some
// samples after its last window. A window that may be the last one waits for them or for
// the next window; in other streams nothing waits.
bool wmatrix_stft_impl::may_go_on(size_t windows)
{
    const uint64_t first = nitems_read(0);
    const uint64_t next_end = first + windows * d_hop + d_kernel.window();
    std::vector<tag_t> tags;
    if (!d_ends_with_tag) {
        get_tags_in_range(tags, 0, first, next_end, tag_start());
        d_ends_with_tag = !tags.empty();
    }
    if (d_ends_with_tag)
        get_tags_in_range(tags, 0, first, next_end - 1, tag_end());
    return d_ends_with_tag &&
           std::none_of(tags.begin(), tags.end(), [](const tag_t& tag) {
               return tag.key == tag_end();
           });
}

// A segment begins at its `sentinel_start`: no window reaches across.
size_t wmatrix_stft_impl::to_next_segment(size_t available)
{
    const uint64_t first = nitems_read(0);
    std::vector<tag_t> tags;
    get_tags_in_range(tags, 0, first + 1, first + available, tag_start());
    uint64_t nearest = first + available;
    for (const auto& tag : tags)
        nearest = std::min(nearest, tag.offset);
    return nearest - first;
}

int wmatrix_stft_impl::general_work(int noutput_items,
                                    gr_vector_int& ninput_items,
                                    gr_vector_const_void_star& input_items,
                                    gr_vector_void_star& output_items)
{
    const auto* in = static_cast<const gr_complex*>(input_items[0]);
    auto* out = static_cast<gr_complex*>(output_items[0]);
    const size_t available = ninput_items[0];
    const size_t inside = to_next_segment(available);
    const bool whole_segment = inside < available;
    size_t windows =
        inside < d_kernel.window() ? 0 : (inside - d_kernel.window()) / d_hop + 1;
    if (windows > 0 && !whole_segment && may_go_on(windows))
        windows--;
    const size_t capacity = static_cast<size_t>(noutput_items) / d_channels;
    const bool all = windows <= capacity;
    windows = std::min(windows, capacity);
    for (size_t w = 0; w < windows; w++)
        transform_channels(in + w * d_hop * d_channels,
                           out + w * d_channels * d_kernel.rows());
    move_tags(windows);
    consume_each(static_cast<int>(whole_segment && all ? inside : windows * d_hop));
    return static_cast<int>(windows * d_channels);
}

void wmatrix_stft_impl::transform_channels(const gr_complex* samples, gr_complex* scores)
{
    if (d_channels == 1)
        return d_kernel.transform(samples, scores);
    for (size_t c = 0; c < d_channels; c++) {
        for (size_t n = 0; n < d_samples.size(); n++)
            d_samples[n] = samples[n * d_channels + c];
        d_kernel.transform(d_samples.data(), scores + c * d_kernel.rows());
    }
}

void wmatrix_stft_impl::move_tags(size_t windows)
{
    if (windows == 0)
        return;
    const uint64_t first_read = nitems_read(0);
    // The end lies in the tail under the last window, or beyond it in less than one hop.
    const uint64_t seen =
        first_read + (windows - 1) * d_hop + d_kernel.window() + d_hop - 1;
    std::vector<tag_t> tags;
    get_tags_in_range(tags, 0, first_read, seen);
    for (const auto& tag : tags)
        if (tag.key == tag_rx_rate())
            d_item_rate = pmt::to_double(tag.value);
    for (const auto& tag : tags)
        if (tag.key == tag_step())
            d_item_rate /= static_cast<double>(pmt::to_uint64(tag.value));
    for (auto& tag : tags)
        if (place(tag, first_read + windows * d_hop))
            add_item_tag(0, tag);
}

// Moves a tag to the item of the window that it belongs to; false if it waits for a later
// one or is not passed on. `end` is where the next window begins.
bool wmatrix_stft_impl::place(tag_t& tag, uint64_t end)
{
    const uint64_t first_read = nitems_read(0), first_written = nitems_written(0);
    const uint64_t offset = tag.offset;
    const uint64_t last_end = end - d_hop + d_kernel.window();
    if (tag.key == tag_end()) {
        tag.offset = first_written + (end - first_read) / d_hop * d_channels - d_channels;
        tag.offset += d_channels - 1;
        return true;
    }
    if (tag.key == tag_filled()) {
        // To the first window that holds a filled sample.
        if (offset < d_seen_filled || offset >= last_end)
            return false;
        d_seen_filled = offset + 1;
        const uint64_t since = offset - first_read, window = d_kernel.window();
        const uint64_t w = since < window ? 0 : (since - window) / d_hop + 1;
        tag.offset = first_written + w * d_channels;
        return true;
    }
    if (offset >= end)
        return false;
    const uint64_t w = (offset - first_read) / d_hop;
    tag.offset = first_written + w * d_channels;
    if (tag.key == tag_step())
        tag.value = pmt::from_uint64(pmt::to_uint64(tag.value) * d_hop);
    const uint64_t late = offset - first_read - w * d_hop;
    if (tag.key == tag_rx_time() && late > 0) {
        if (!(d_item_rate > 0))
            return false;
        tag.value = advanced_time(tag.value, -(static_cast<double>(late) / d_item_rate));
    }
    return true;
}

} // namespace sentinel
} // namespace gr
