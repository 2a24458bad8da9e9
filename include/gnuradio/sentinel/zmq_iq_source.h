/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gnuradio/sentinel/iq_packet_source.h>
#include <pmt/pmt.h>

#include <memory>
#include <string>

namespace gr {
namespace sentinel {

struct SENTINEL_API zmq_iq_source_config {
    std::string endpoint = "tcp://127.0.0.1:5555"; //!< of the sender
    double center_freq_hz = 0;                     //!< 0 if not known
    //! Value of the tag `sentinel_stream`, see docs/messages.md; nil for no such tag.
    pmt::pmt_t stream = pmt::PMT_NIL;
    //! Packets that may wait here; the sender drops what does not fit.
    int queue_packets = 1000;
};

/*!
 * \brief Samples of ZeroMQ messages with a header (kernel/zmq_iq_packet.h); see
 * iq_packet_source for tags and counters.
 *
 * A SUB socket that connects, and connects again when the sender comes back. The header
 * may be a message part of its own. The tag `rx_rate` is what the packets say. Messages
 * over 64 MiB end the connection. Reasons in malformed(): `short_frame`, `magic`,
 * `version`, `header_size`, `payload_size`, `rate`, `count`, `count_size`.
 */
class SENTINEL_API zmq_iq_source : virtual public iq_packet_source
{
public:
    using sptr = std::shared_ptr<zmq_iq_source>;

    /*!
     * \throws std::invalid_argument for a configuration that makes no sense, or a host
     * that does not exist
     * \throws std::runtime_error if ZeroMQ refuses
     */
    static sptr make(const zmq_iq_source_config& config);

    /*!
     * \brief Waits for a good packet and returns its sample rate in Hz, or 0 if none came
     * in time. The packet is kept and comes out first. Only before the flowgraph starts.
     */
    virtual uint32_t wait_for_rate(int wait_ms) = 0;

    //! Packets that the sender marked as its last.
    virtual uint64_t final_packets() const = 0;
};

} // namespace sentinel
} // namespace gr
