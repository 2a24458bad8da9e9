/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gnuradio/sentinel/iq_packet_sink.h>

#include <memory>
#include <string>

namespace gr {
namespace sentinel {

struct SENTINEL_API zmq_iq_sink_config {
    double sample_rate = 0; //!< Hz, of the items; a tag `rx_rate` says better
    //! tcp://HOST:PORT to listen on; the port may be *, the host too.
    std::string endpoint = "tcp://127.0.0.1:5555";
    int samples_per_packet = 1024; //!< behind the header
    //! Packets that may wait for a slow receiver; it loses what does not fit.
    int queue_packets = 1000;
};

/*!
 * \brief Publishes ZeroMQ messages with a header (kernel/zmq_iq_packet.h); see
 * iq_packet_sink for tags and counters.
 *
 * Receivers connect with a SUB socket. The sequence counts from 0 and goes on over
 * segments and streams. The header's rate is rounded to 1 Hz, at least 1. The last packet
 * before `sentinel_end` has the flag of a final one. At the end of the flowgraph what is
 * on its way has a second to leave.
 */
class SENTINEL_API zmq_iq_sink : virtual public iq_packet_sink
{
public:
    using sptr = std::shared_ptr<zmq_iq_sink>;

    /*!
     * \throws std::invalid_argument for a configuration that makes no sense, or a host
     * that does not exist
     * \throws std::runtime_error if the endpoint cannot be bound
     */
    static sptr make(const zmq_iq_sink_config& config);

    virtual std::string endpoint() const = 0; //!< with the port that was chosen
    virtual int subscribers() const = 0; //!< receivers, as known with the last packet
    /*!
     * \brief Waits until there are so many receivers; false if that took too long. What
     * is sent before nobody gets. Only before the flowgraph starts.
     */
    virtual bool wait_for_subscribers(int count, int wait_ms) = 0;
};

} // namespace sentinel
} // namespace gr
