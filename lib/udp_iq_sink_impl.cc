/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "udp_iq_sink_impl.h"

#include <gnuradio/sentinel/kernel/udp_iq_packet.h>

namespace gr {
namespace sentinel {

namespace {
size_t payload_samples(const udp_iq_sink_config& config)
{
    const int count = config.samples_per_packet - (config.header_counts ? 1 : 0);
    const int largest = kernel::udp_iq_max_samples;
    if (count < 1 || count > largest)
        throw std::invalid_argument(
            "udp_iq_sink: samples_per_packet must leave 1 to " + std::to_string(largest) +
            " samples beside the header, not " + std::to_string(count));
    return static_cast<size_t>(count);
}
} // namespace

udp_iq_sink::sptr udp_iq_sink::make(const udp_iq_sink_config& config)
{
    return gnuradio::make_block_sptr<udp_iq_sink_impl>(config);
}

udp_iq_sink_impl::udp_iq_sink_impl(const udp_iq_sink_config& config)
    : gr::sync_block("udp_iq_sink",
                     gr::io_signature::make(1, 1, sizeof(gr_complex)),
                     gr::io_signature::make(0, 0, 0)),
      iq_packet_sink_impl(config.sample_rate, payload_samples(config)),
      d_datagram(kernel::udp_iq_header_bytes +
                 payload_samples(config) * sizeof(gr_complex))
{
    if (config.destinations.empty())
        throw std::invalid_argument(
            "udp_iq_sink: no destination; give one or more, as 127.0.0.1:10000");
    for (const auto& text : config.destinations) {
        const auto wanted = parse_host_and_port(text);
        if (wanted.port == 0)
            throw std::invalid_argument(
                "udp:" + text + ": port 0 cannot be sent to; give the receiver's");
        const auto address = resolve(wanted, "udp:" + text);
        d_destinations.push_back(
            { address, udp_socket(address.family(), "udp:" + text) });
    }
}

unsigned char* udp_iq_sink_impl::samples()
{
    return d_datagram.data() + kernel::udp_iq_header_bytes;
}

void udp_iq_sink_impl::send(size_t count, uint64_t time_ns, double, bool)
{
    kernel::write_udp_iq_header(time_ns, d_datagram.data());
    const size_t size = kernel::udp_iq_header_bytes + count * sizeof(gr_complex);
    for (auto& one : d_destinations)
        count_packet(one.socket.send(d_datagram.data(), size, one.address));
}

} // namespace sentinel
} // namespace gr
