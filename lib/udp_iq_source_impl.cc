/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "udp_iq_source_impl.h"

#include <cerrno>
#include <cmath>
#include <cstring>
#include <stdexcept>

namespace gr {
namespace sentinel {

namespace {
// More than any datagram has, so that none is cut short unseen.
constexpr size_t largest_datagram = 65536;
// A gap guard behind may hold several of the largest packets.
constexpr long output_items = 65536;

udp_iq_source_config checked(const udp_iq_source_config& config)
{
    if (!(config.sample_rate > 0) || !std::isfinite(config.sample_rate))
        throw std::invalid_argument("udp_iq_source: sample_rate must be above 0 Hz");
    if (config.host.empty())
        throw std::invalid_argument("udp_iq_source: host is empty; 127.0.0.1 hears this "
                                    "machine only, 0.0.0.0 everybody");
    if (config.port < 0 || config.port > 65535)
        throw std::invalid_argument("udp_iq_source: port must be 0 to 65535");
    return config;
}

std::string name_of(const host_and_port& address)
{
    return "udp:" + to_text(address);
}
} // namespace

udp_iq_source::sptr udp_iq_source::make(const udp_iq_source_config& config)
{
    return gnuradio::make_block_sptr<udp_iq_source_impl>(checked(config));
}

udp_iq_source_impl::udp_iq_source_impl(const udp_iq_source_config& config)
    : gr::sync_block("udp_iq_source",
                     gr::io_signature::make(0, 0, 0),
                     gr::io_signature::make(1, 1, sizeof(gr_complex))),
      iq_packet_source_impl(config.center_freq_hz, config.stream),
      d_sample_rate(config.sample_rate),
      d_address{ config.host, config.port },
      d_socket(resolve(d_address, name_of(d_address)).family(), name_of(d_address)),
      d_datagram(largest_datagram)
{
    // Before binding: what arrives at once finds the whole buffer.
    d_granted_bytes = d_socket.request_receive_buffer(config.buffer_bytes);
    d_port = d_socket.bind(resolve(d_address, name_of(d_address)), name_of(d_address));
    set_min_output_buffer(0, output_items);
}

const char* udp_iq_source_impl::fault_name(kernel::udp_iq_fault fault) const
{
    return kernel::udp_iq_fault_name(fault);
}

void udp_iq_source_impl::count_drops(uint32_t drops)
{
    d_kernel_drops += static_cast<uint32_t>(drops - d_last_drops);
    d_last_drops = drops;
}

udp_iq_source_impl::reception udp_iq_source_impl::receive(int wait_ms, iq_packet& packet)
{
    auto got = d_socket.receive(d_datagram.data(), d_datagram.size());
    if (got.size < 0 && errno == EAGAIN && wait_ms > 0 && d_socket.wait(wait_ms))
        got = d_socket.receive(d_datagram.data(), d_datagram.size());
    if (got.size < 0) {
        if (errno != EAGAIN && errno != EINTR)
            fail(name_of(d_address) + ": receiving failed: " + std::strerror(errno));
        return reception::nothing;
    }
    const uint64_t arrival_ns = monotonic_ns();
    if (got.has_drops)
        count_drops(got.drops);
    kernel::udp_iq_packet parsed;
    const size_t size = static_cast<size_t>(got.size);
    const auto fault = kernel::parse_udp_iq_packet(d_datagram.data(), size, parsed);
    packet.samples = static_cast<const unsigned char*>(parsed.samples);
    packet.count = parsed.sample_count;
    packet.time_ns = parsed.time_ns();
    packet.arrival_ns = arrival_ns;
    packet.sample_rate = d_sample_rate;
    return count_packet(fault, size);
}

} // namespace sentinel
} // namespace gr
