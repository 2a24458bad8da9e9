/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "packet_tags.h"
#include "stream_tags.h"

#include <algorithm>
#include <cmath>

namespace gr {
namespace sentinel {

namespace {
constexpr int64_t second_ns = 1'000'000'000;
constexpr uint64_t latest_s = 7'258'118'400; // 2200: fits int64 nanoseconds

bool read_time(const pmt::pmt_t& value, int64_t& time_ns)
{
    if (!pmt::is_tuple(value) || pmt::length(value) < 2)
        return false;
    const auto seconds = pmt::tuple_ref(value, 0), fraction = pmt::tuple_ref(value, 1);
    if (!(pmt::is_uint64(seconds) || pmt::is_integer(seconds)) || !pmt::is_real(fraction))
        return false;
    if (pmt::is_integer(seconds) && pmt::to_long(seconds) < 0)
        return false;
    const uint64_t whole = pmt::to_uint64(seconds);
    const double rest = pmt::to_double(fraction);
    if (whole > latest_s || !(rest >= 0 && rest < 2))
        return false;
    time_ns = static_cast<int64_t>(whole) * second_ns + std::llround(rest * 1e9);
    return true;
}

bool read_count(const pmt::pmt_t& value, uint64_t& count)
{
    if (!pmt::is_uint64(value) && !(pmt::is_integer(value) && pmt::to_long(value) >= 0))
        return false;
    count = pmt::to_uint64(value);
    return true;
}

void read_positive(const pmt::pmt_t& value, double& number)
{
    if (pmt::is_number(value) && !pmt::is_complex(value) && pmt::to_double(value) > 0)
        number = pmt::to_double(value);
}

bool read_tag(const tag_t& tag, tagged_header& into)
{
    auto& header = into.header;
    if (tag.key == tag_packet())
        into.is_packet = read_count(tag.value, header.items) && header.items > 0;
    else if (tag.key == tag_seq())
        header.has_seq = read_count(tag.value, header.seq);
    else if (tag.key == tag_rx_time())
        header.has_time = read_time(tag.value, header.time_ns);
    else if (tag.key == tag_arrival())
        read_count(tag.value, header.arrival_ns);
    else if (tag.key == tag_rx_rate())
        read_positive(tag.value, header.rate);
    else if (tag.key == tag_rx_freq())
        read_positive(tag.value, header.center_freq);
    else if (tag.key == tag_stream())
        into.stream = tag.value;
    else
        return false;
    return true;
}
} // namespace

void read_headers(std::vector<tag_t>& tags, std::vector<tagged_header>& headers)
{
    headers.clear();
    std::stable_sort(tags.begin(), tags.end(), tag_t::offset_compare);
    for (const auto& tag : tags) {
        const bool same = !headers.empty() && headers.back().offset == tag.offset;
        if (!same) {
            headers.emplace_back();
            headers.back().offset = tag.offset;
        }
        if (!read_tag(tag, headers.back()) && !same)
            headers.pop_back();
    }
}

pmt::pmt_t time_value(int64_t time_ns)
{
    return pmt::make_tuple(
        pmt::from_uint64(static_cast<uint64_t>(time_ns / second_ns)),
        pmt::from_double(1e-9 * static_cast<double>(time_ns % second_ns)));
}

} // namespace sentinel
} // namespace gr
