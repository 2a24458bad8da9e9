/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "iq_packet_source_impl.h"
#include "udp_socket.h"

#include <gnuradio/sentinel/kernel/udp_iq_packet.h>
#include <gnuradio/sentinel/udp_iq_source.h>

#include <vector>

namespace gr {
namespace sentinel {

class udp_iq_source_impl : public iq_packet_source_impl<udp_iq_source,
                                                        kernel::udp_iq_fault,
                                                        kernel::udp_iq_fault_count>
{
public:
    explicit udp_iq_source_impl(const udp_iq_source_config& config);

    int port() const override { return d_port; }
    size_t granted_buffer_bytes() const override { return d_granted_bytes; }
    uint64_t kernel_drops() const override { return d_kernel_drops; }

protected:
    const char* fault_name(kernel::udp_iq_fault fault) const override;
    reception receive(int wait_ms, iq_packet& packet) override;

private:
    void count_drops(uint32_t drops);

    const double d_sample_rate;
    const host_and_port d_address;
    udp_socket d_socket;
    int d_port;
    size_t d_granted_bytes;
    std::vector<unsigned char> d_datagram;
    uint32_t d_last_drops = 0; // the kernel's count, which wraps around
    std::atomic<uint64_t> d_kernel_drops{ 0 };
};

} // namespace sentinel
} // namespace gr
