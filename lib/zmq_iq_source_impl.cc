/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "zmq_iq_source_impl.h"

#include <cerrno>
#include <stdexcept>

namespace gr {
namespace sentinel {

namespace {
constexpr int64_t largest_message = int64_t(1) << 26;
constexpr long output_items = 65536;

zmq_iq_source_config checked(const zmq_iq_source_config& config)
{
    check_endpoint(config.endpoint, false);
    if (config.queue_packets < 1)
        throw std::invalid_argument("zmq_iq_source: queue_packets must be 1 or more");
    return config;
}
} // namespace

zmq_iq_source::sptr zmq_iq_source::make(const zmq_iq_source_config& config)
{
    return gnuradio::make_block_sptr<zmq_iq_source_impl>(checked(config));
}

zmq_iq_source_impl::zmq_iq_source_impl(const zmq_iq_source_config& config)
    : gr::sync_block("zmq_iq_source",
                     gr::io_signature::make(0, 0, 0),
                     gr::io_signature::make(1, 1, sizeof(gr_complex))),
      iq_packet_source_impl(config.center_freq_hz, config.stream),
      d_endpoint(config.endpoint),
      d_socket(ZMQ_SUB, 0, config.endpoint)
{
    d_socket.set(ZMQ_RCVHWM, config.queue_packets);
    d_socket.set(ZMQ_MAXMSGSIZE, largest_message);
    d_socket.subscribe_to_all();
    d_socket.connect(d_endpoint);
    set_min_output_buffer(0, output_items);
}

const char* zmq_iq_source_impl::fault_name(kernel::zmq_iq_fault fault) const
{
    return kernel::zmq_iq_fault_name(fault);
}

uint32_t zmq_iq_source_impl::wait_for_rate(int wait_ms)
{
    if (!holds_packet() && !next_packet(wait_ms))
        return 0;
    return static_cast<uint32_t>(packet_rate());
}

//! The rest of a message in odd parts, behind its first two; what is over the limit goes.
void zmq_iq_source_impl::join(size_t limit)
{
    d_joined.assign(d_first.data(), d_first.data() + d_first.size());
    d_joined.insert(d_joined.end(), d_second.data(), d_second.data() + d_second.size());
    while (d_second.more() && d_socket.receive(d_second))
        if (d_joined.size() + d_second.size() <= limit)
            d_joined.insert(
                d_joined.end(), d_second.data(), d_second.data() + d_second.size());
}

bool zmq_iq_source_impl::receive_frame(frame& got)
{
    if (!d_socket.receive(d_first))
        return false;
    got = { d_first.data(), d_first.size(), nullptr, d_first.size() };
    // All parts of a message arrive together.
    if (!d_first.more() || !d_socket.receive(d_second))
        return true;
    kernel::zmq_iq_header header;
    const size_t bytes = d_first.size() + d_second.size();
    // The usual split needs no copy: all of the header in one part, all samples in the
    // other.
    if (!d_second.more() && d_first.size() >= kernel::zmq_iq_header_bytes &&
        kernel::parse_zmq_iq_header(d_first.data(), bytes, header) ==
            kernel::zmq_iq_fault::none &&
        header.header_size == d_first.size()) {
        got = { d_first.data(), bytes, d_second.data(), d_first.size() };
        return true;
    }
    join(largest_message);
    got = { d_joined.data(), d_joined.size(), nullptr, d_joined.size() };
    return true;
}

zmq_iq_source_impl::reception zmq_iq_source_impl::receive(int wait_ms, iq_packet& packet)
{
    frame got;
    bool received = receive_frame(got);
    if (!received && zmq_errno() == EAGAIN && wait_ms > 0 && d_socket.wait(wait_ms))
        received = receive_frame(got);
    if (!received) {
        if (zmq_errno() != EAGAIN && zmq_errno() != EINTR)
            fail(d_endpoint + ": receiving failed: " + zmq_strerror(zmq_errno()));
        return reception::nothing;
    }
    packet.arrival_ns = monotonic_ns();
    kernel::zmq_iq_header header;
    const auto fault = kernel::parse_zmq_iq_header(got.head, got.bytes, header);
    if (fault != kernel::zmq_iq_fault::none)
        return count_packet(fault, got.bytes);
    packet.samples = got.second_part ? got.second_part : got.head + header.header_size;
    packet.count = header.sample_count;
    packet.time_ns = header.timestamp_us * 1000;
    packet.sample_rate = header.sample_rate;
    packet.has_sequence = true;
    packet.sequence = header.sequence;
    d_final_packets += header.flags & kernel::zmq_iq_final;
    return count_packet(fault, got.bytes);
}

} // namespace sentinel
} // namespace gr
