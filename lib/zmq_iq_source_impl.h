/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "iq_packet_source_impl.h"
#include "zmq_socket.h"

#include <gnuradio/sentinel/kernel/zmq_iq_packet.h>
#include <gnuradio/sentinel/zmq_iq_source.h>

#include <vector>

namespace gr {
namespace sentinel {

class zmq_iq_source_impl : public iq_packet_source_impl<zmq_iq_source,
                                                        kernel::zmq_iq_fault,
                                                        kernel::zmq_iq_fault_count>
{
public:
    explicit zmq_iq_source_impl(const zmq_iq_source_config& config);

    uint32_t wait_for_rate(int wait_ms) override;
    uint64_t final_packets() const override { return d_final_packets; }

protected:
    const char* fault_name(kernel::zmq_iq_fault fault) const override;
    reception receive(int wait_ms, iq_packet& packet) override;

private:
    //! The message at hand: its bytes from the header on, and where its samples are.
    struct frame {
        unsigned char* head;
        size_t bytes;
        unsigned char* second_part; //!< null where all is in one piece
        size_t first_bytes;
    };
    bool receive_frame(frame& got);
    void join(size_t limit);

    const std::string d_endpoint;
    zmq_socket d_socket;
    zmq_message d_first;
    zmq_message d_second;
    std::vector<unsigned char> d_joined;
    std::atomic<uint64_t> d_final_packets{ 0 };
};

} // namespace sentinel
} // namespace gr
