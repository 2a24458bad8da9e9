/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "iq_packet_sink_impl.h"
#include "zmq_socket.h"

#include <gnuradio/sentinel/zmq_iq_sink.h>

namespace gr {
namespace sentinel {

class zmq_iq_sink_impl : public iq_packet_sink_impl<zmq_iq_sink>
{
public:
    explicit zmq_iq_sink_impl(const zmq_iq_sink_config& config);

    std::string endpoint() const override { return d_endpoint; }
    int subscribers() const override { return d_subscribers; }
    bool wait_for_subscribers(int count, int wait_ms) override;

protected:
    unsigned char* samples() override;
    void send(size_t count, uint64_t time_ns, double rate, bool final) override;

private:
    void note_subscribers();
    void shorten(size_t bytes);

    const size_t d_message_bytes;
    zmq_socket d_socket;
    std::string d_endpoint;
    zmq_message d_message; // that is being collected; sending leaves it empty
    uint64_t d_sequence = 0;
    std::atomic<int> d_subscribers{ 0 };
};

} // namespace sentinel
} // namespace gr
