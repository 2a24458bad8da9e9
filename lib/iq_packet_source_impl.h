/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "stream_tags.h"

#include <gnuradio/block_detail.h>
#include <gnuradio/buffer.h>
#include <gnuradio/gr_complex.h>
#include <gnuradio/io_signature.h>
#include <gnuradio/sentinel/kernel/sample_format.h>
#include <gnuradio/sync_block.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <map>
#include <mutex>
#include <string>

namespace gr {
namespace sentinel {

//! CLOCK_MONOTONIC in nanoseconds.
inline uint64_t monotonic_ns()
{
    using namespace std::chrono;
    return duration_cast<nanoseconds>(steady_clock::now().time_since_epoch()).count();
}

//! One good packet. Its samples stay where they are until the next one is received.
struct iq_packet {
    const unsigned char* samples = nullptr; //!< complex64, little-endian
    size_t count = 0;
    uint64_t time_ns = 0;
    uint64_t arrival_ns = 0;
    double sample_rate = 0;
    bool has_sequence = false;
    uint64_t sequence = 0;
};

/*!
 * \brief work() and counters of a packet source; `Interface` is the public class.
 *
 * The protocol has `Fault` as its kinds of bad packets, the first of them meaning none.
 */
template <typename Interface, typename Fault, size_t fault_count>
class iq_packet_source_impl : public Interface
{
public:
    int work(int noutput_items,
             gr_vector_const_void_star&,
             gr_vector_void_star& output_items) override
    {
        auto* out = static_cast<gr_complex*>(output_items[0]);
        const size_t room = static_cast<size_t>(noutput_items);
        size_t made = 0;
        while (made < room) {
            if (d_taken == d_packet.count) {
                // Something to give out already: do not wait for more.
                if (!next_packet(made > 0 ? 0 : longest_wait_ms))
                    break;
            }
            if (d_taken == 0)
                tag_head(this->nitems_written(0) + made);
            made += take(out + made, room - made);
        }
        d_samples_read += made;
        // The scheduler itself looks only when the buffer is full, and a silent sender
        // never fills it.
        if (this->detail()->output(0)->done() || (made == 0 && d_failed))
            return gr::block::WORK_DONE;
        return static_cast<int>(made);
    }

    uint64_t packets_received() const override { return d_packets; }
    uint64_t bytes_received() const override { return d_bytes; }
    uint64_t samples_read() const override { return d_samples_read; }
    uint64_t samples_nonfinite() const override { return d_samples_nonfinite; }
    std::map<std::string, uint64_t> malformed() const override
    {
        std::map<std::string, uint64_t> counts;
        for (size_t i = 1; i < fault_count; i++)
            counts[fault_name(static_cast<Fault>(i))] = d_malformed[i];
        return counts;
    }
    std::string failure() const override
    {
        std::lock_guard<std::mutex> lock(d_failure_mutex);
        return d_failure;
    }

protected:
    enum class reception { packet, nothing, malformed };

    iq_packet_source_impl(double center_freq_hz, const pmt::pmt_t& stream)
        : d_center_freq_hz(center_freq_hz), d_stream(stream)
    {
    }

    virtual const char* fault_name(Fault fault) const = 0;
    //! Takes one packet from the socket, waiting for it at most so long.
    virtual reception receive(int wait_ms, iq_packet& packet) = 0;

    //! For receive(): counts a packet of that size, and tells what it was.
    reception count_packet(Fault fault, size_t bytes)
    {
        d_bytes += bytes;
        const size_t kind = static_cast<size_t>(fault);
        if (kind == 0) {
            d_packets++;
            return reception::packet;
        }
        d_malformed[kind]++;
        return reception::malformed;
    }

    //! For receive(): the socket is lost.
    void fail(const std::string& text)
    {
        std::lock_guard<std::mutex> lock(d_failure_mutex);
        d_failure = text;
        d_failed = true;
    }

    //! Gets the next good packet, unless none comes in time; bad ones take from that
    //! time.
    bool next_packet(int wait_ms)
    {
        const uint64_t deadline = monotonic_ns() + uint64_t(wait_ms) * 1000000;
        for (uint64_t now = 0; !d_failed; now = monotonic_ns()) {
            if (now >= deadline && now != 0)
                return false;
            const int left_ms =
                now == 0 ? wait_ms : static_cast<int>((deadline - now) / 1000000);
            iq_packet packet;
            const reception got = receive(left_ms, packet);
            if (got == reception::packet) {
                d_packet = packet;
                d_taken = 0;
                return true;
            }
            if (got == reception::nothing && left_ms == 0)
                return false;
        }
        return false;
    }

    bool holds_packet() const { return d_taken < d_packet.count; }
    double packet_rate() const { return d_packet.sample_rate; }

private:
    static constexpr int longest_wait_ms = 100;

    size_t take(gr_complex* out, size_t room)
    {
        const size_t count = std::min(room, d_packet.count - d_taken);
        const auto bad =
            kernel::convert_samples(kernel::sample_format::cf32_le,
                                    d_packet.samples + d_taken * sizeof(gr_complex),
                                    count,
                                    out);
        d_samples_nonfinite += bad.nonfinite;
        d_taken += count;
        return count;
    }

    void tag_head(uint64_t item)
    {
        const auto put = [this, item](const pmt::pmt_t& key, const pmt::pmt_t& value) {
            this->add_item_tag(0, item, key, value);
        };
        put(sentinel::tag_packet(), pmt::from_uint64(d_packet.count));
        if (d_packet.has_sequence)
            put(tag_seq(), pmt::from_uint64(d_packet.sequence));
        put(tag_rx_time(), time_value(d_packet.time_ns));
        put(tag_arrival(), pmt::from_uint64(d_packet.arrival_ns));
        if (d_packet.sample_rate != d_tagged_rate)
            put(tag_rx_rate(), pmt::from_double(d_packet.sample_rate));
        d_tagged_rate = d_packet.sample_rate;
        if (d_started)
            return;
        put(tag_rx_freq(), pmt::from_double(d_center_freq_hz));
        if (!pmt::is_null(d_stream))
            put(tag_stream(), d_stream);
        d_started = true;
    }

    const double d_center_freq_hz;
    const pmt::pmt_t d_stream;
    iq_packet d_packet; // that is being given out
    size_t d_taken = 0; // of its samples
    double d_tagged_rate = 0;
    bool d_started = false;

    std::atomic<uint64_t> d_packets{ 0 };
    std::atomic<uint64_t> d_bytes{ 0 };
    std::atomic<uint64_t> d_samples_read{ 0 };
    std::atomic<uint64_t> d_samples_nonfinite{ 0 };
    std::array<std::atomic<uint64_t>, fault_count> d_malformed{};
    std::atomic<bool> d_failed{ false };
    mutable std::mutex d_failure_mutex;
    std::string d_failure;
};

} // namespace sentinel
} // namespace gr
