/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "zmq_iq_sink_impl.h"

#include <gnuradio/sentinel/kernel/zmq_iq_packet.h>

namespace gr {
namespace sentinel {

namespace {
constexpr int linger_ms = 1000;
constexpr int most_samples = 1 << 22; // 32 MiB, half of what our source takes

zmq_iq_sink_config checked(const zmq_iq_sink_config& config)
{
    check_endpoint(config.endpoint, true);
    if (config.samples_per_packet < 1 || config.samples_per_packet > most_samples)
        throw std::invalid_argument("zmq_iq_sink: samples_per_packet must be 1 to " +
                                    std::to_string(most_samples));
    if (config.queue_packets < 1)
        throw std::invalid_argument("zmq_iq_sink: queue_packets must be 1 or more");
    return config;
}
} // namespace

zmq_iq_sink::sptr zmq_iq_sink::make(const zmq_iq_sink_config& config)
{
    return gnuradio::make_block_sptr<zmq_iq_sink_impl>(checked(config));
}

zmq_iq_sink_impl::zmq_iq_sink_impl(const zmq_iq_sink_config& config)
    : gr::sync_block("zmq_iq_sink",
                     gr::io_signature::make(1, 1, sizeof(gr_complex)),
                     gr::io_signature::make(0, 0, 0)),
      iq_packet_sink_impl(config.sample_rate,
                          static_cast<size_t>(config.samples_per_packet)),
      d_message_bytes(kernel::zmq_iq_header_bytes +
                      static_cast<size_t>(config.samples_per_packet) *
                          sizeof(gr_complex)),
      // As PUB to every receiver, and it tells who listens.
      d_socket(ZMQ_XPUB, linger_ms, config.endpoint)
{
    d_socket.set(ZMQ_XPUB_VERBOSER, 1);
    d_socket.set(ZMQ_SNDHWM, config.queue_packets);
    d_endpoint = d_socket.bind(config.endpoint);
}

//! Reads what receivers said since last time: 1 to come, 0 to go.
void zmq_iq_sink_impl::note_subscribers()
{
    zmq_message said;
    while (d_socket.receive(said))
        if (said.size() > 0)
            d_subscribers += said.data()[0] == 1 ? 1 : -1;
}

bool zmq_iq_sink_impl::wait_for_subscribers(int count, int wait_ms)
{
    using namespace std::chrono;
    const auto deadline = steady_clock::now() + milliseconds(wait_ms);
    while (true) {
        note_subscribers();
        const auto left =
            duration_cast<milliseconds>(deadline - steady_clock::now()).count();
        if (d_subscribers >= count || left <= 0)
            return d_subscribers >= count;
        d_socket.wait(static_cast<int>(left));
    }
}

unsigned char* zmq_iq_sink_impl::samples()
{
    // The message takes the samples at once, and goes out without another copy.
    if (d_message.size() != d_message_bytes && !d_message.resize(d_message_bytes))
        return nullptr;
    return d_message.data() + kernel::zmq_iq_header_bytes;
}

void zmq_iq_sink_impl::shorten(size_t bytes)
{
    const std::vector<unsigned char> kept(d_message.data(), d_message.data() + bytes);
    if (d_message.resize(bytes))
        std::memcpy(d_message.data(), kept.data(), bytes);
}

void zmq_iq_sink_impl::send(size_t count, uint64_t time_ns, double rate, bool final)
{
    note_subscribers();
    const size_t payload_bytes = count * sizeof(gr_complex);
    const size_t bytes = kernel::zmq_iq_header_bytes + payload_bytes;
    kernel::zmq_iq_header header;
    header.sequence = d_sequence++;
    header.timestamp_us = (time_ns + 500) / 1000;
    header.sample_rate =
        static_cast<uint32_t>(std::clamp(std::round(rate), 1.0, 4294967295.0));
    header.sample_count = static_cast<uint32_t>(count);
    header.payload_bytes = static_cast<uint32_t>(payload_bytes);
    header.flags = final ? kernel::zmq_iq_final : 0;
    if (d_message.size() > bytes)
        shorten(bytes);
    // Without memory the message is empty: the sequence shows the receiver what it
    // missed.
    const bool whole = d_message.size() == bytes;
    if (whole)
        kernel::write_zmq_iq_header(header, d_message.data());
    count_packet(whole && d_socket.send(d_message));
}

} // namespace sentinel
} // namespace gr
