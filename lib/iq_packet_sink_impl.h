/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "stream_tags.h"

#include <gnuradio/gr_complex.h>
#include <gnuradio/io_signature.h>
#include <gnuradio/sentinel/kernel/sample_clock.h>
#include <gnuradio/sync_block.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstring>
#include <stdexcept>
#include <string>
#include <vector>

namespace gr {
namespace sentinel {

//! What the tags of one item say.
struct stream_change {
    uint64_t item = 0;
    bool starts = false;
    uint64_t start = 0;
    uint64_t step = 0; //!< 0: not said
    double rate = 0;   //!< 0: not said
    bool has_time = false;
    uint64_t time_ns = 0;
    bool new_stream = false;
    bool ends = false;

    void add(const tag_t& tag);
    bool begins_something() const { return starts || step || rate > 0 || has_time; }
};

/*!
 * \brief Timeline of a stream as its tags tell it: index and UTC of each item.
 */
class stream_timeline
{
public:
    explicit stream_timeline(double sample_rate);

    //! Rate of the items, Hz.
    double item_rate() const { return d_clock.rate() / static_cast<double>(d_step); }
    //! UTC of an item. The first of a stream without a time has that of this machine's
    //! clock.
    uint64_t time_ns(uint64_t item);
    //! True if the change breaks the line, so that no packet may reach across it.
    bool breaks(const stream_change& change) const;
    void apply(const stream_change& change);

private:
    uint64_t index(uint64_t item) const { return d_start + (item - d_item) * d_step; }

    const double d_sample_rate;
    kernel::sample_clock d_clock; // of indices
    bool d_rate_said = false;
    uint64_t d_item = 0;  // the segment's first item
    uint64_t d_start = 0; // its index
    uint64_t d_step = 1;
};

/*!
 * \brief work() and counters of a packet sink; `Interface` is the public class.
 */
template <typename Interface>
class iq_packet_sink_impl : public Interface
{
public:
    int work(int noutput_items,
             gr_vector_const_void_star& input_items,
             gr_vector_void_star&) override
    {
        const auto* in = static_cast<const gr_complex*>(input_items[0]);
        const uint64_t begin = this->nitems_read(0);
        const uint64_t end = begin + static_cast<uint64_t>(noutput_items);
        uint64_t done = begin;
        for (const auto& change : changes(begin, end)) {
            if (change.begins_something()) {
                collect(in + (done - begin), done, change.item);
                done = change.item;
                if (d_timeline.breaks(change))
                    flush(false);
                d_timeline.apply(change);
            }
            if (change.ends) {
                collect(in + (done - begin), done, change.item);
                collect(in + (change.item - begin), change.item, change.item + 1, true);
                done = change.item + 1;
            }
        }
        collect(in + (done - begin), done, end);
        return noutput_items;
    }

    bool stop() override
    {
        flush(false);
        return true;
    }

    uint64_t packets_sent() const override { return d_packets; }
    uint64_t send_errors() const override { return d_errors; }
    uint64_t samples_sent() const override { return d_samples; }

protected:
    iq_packet_sink_impl(double sample_rate, size_t samples_per_packet)
        : d_timeline(sample_rate), d_capacity(samples_per_packet)
    {
    }

    //! Where the samples of the packet that is being collected go; null if no memory.
    virtual unsigned char* samples() = 0;
    //! Sends the packet.
    virtual void send(size_t count, uint64_t time_ns, double rate, bool final) = 0;

    //! For send(): what became of a packet to one destination.
    void count_packet(bool sent) { (sent ? d_packets : d_errors)++; }

private:
    const std::vector<stream_change>& changes(uint64_t begin, uint64_t end)
    {
        d_changes.clear();
        this->get_tags_in_range(d_tags, 0, begin, end);
        std::sort(d_tags.begin(), d_tags.end(), tag_t::offset_compare);
        for (const auto& tag : d_tags) {
            if (d_changes.empty() || d_changes.back().item != tag.offset) {
                d_changes.emplace_back();
                d_changes.back().item = tag.offset;
            }
            d_changes.back().add(tag);
        }
        return d_changes;
    }

    //! Items [first, last); full packets go out, and with `final` the last one in any
    //! case.
    void collect(const gr_complex* in, uint64_t first, uint64_t last, bool final = false)
    {
        while (first < last) {
            if (d_count == 0)
                d_time_ns = d_timeline.time_ns(first);
            const size_t room = d_capacity - d_count;
            const size_t count = std::min<uint64_t>(room, last - first);
            if (unsigned char* to = samples())
                std::memcpy(to + d_count * sizeof(gr_complex), in, count * sizeof(*in));
            in += count;
            first += count;
            d_count += count;
            if (d_count == d_capacity || (final && first == last))
                flush(final && first == last);
        }
    }

    void flush(bool final)
    {
        if (d_count == 0)
            return;
        send(d_count, d_time_ns, d_timeline.item_rate(), final);
        d_samples += d_count;
        d_count = 0;
    }

    stream_timeline d_timeline;
    const size_t d_capacity;
    size_t d_count = 0;     // samples collected
    uint64_t d_time_ns = 0; // of the first of them
    std::vector<tag_t> d_tags;
    std::vector<stream_change> d_changes;
    std::atomic<uint64_t> d_packets{ 0 };
    std::atomic<uint64_t> d_errors{ 0 };
    std::atomic<uint64_t> d_samples{ 0 };
};

} // namespace sentinel
} // namespace gr
