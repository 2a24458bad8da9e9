/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "iq_packet_sink_impl.h"
#include "udp_socket.h"

#include <gnuradio/sentinel/udp_iq_sink.h>

#include <vector>

namespace gr {
namespace sentinel {

class udp_iq_sink_impl : public iq_packet_sink_impl<udp_iq_sink>
{
public:
    explicit udp_iq_sink_impl(const udp_iq_sink_config& config);

protected:
    unsigned char* samples() override;
    void send(size_t count, uint64_t time_ns, double rate, bool final) override;

private:
    // Not connected: what one receiver that is not there sends back must not cost the
    // next packet to it.
    struct destination {
        socket_address address;
        udp_socket socket;
    };
    std::vector<destination> d_destinations;
    std::vector<unsigned char> d_datagram;
};

} // namespace sentinel
} // namespace gr
