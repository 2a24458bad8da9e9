/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gnuradio/sentinel/iq_packet_source.h>
#include <pmt/pmt.h>

#include <memory>
#include <string>

namespace gr {
namespace sentinel {

struct SENTINEL_API udp_iq_source_config {
    //! Address to listen on: "127.0.0.1" hears this machine only, "0.0.0.0" everybody.
    std::string host = "127.0.0.1";
    int port = 10000;          //!< 0 lets the kernel choose, see udp_iq_source::port()
    double sample_rate = 0;    //!< Hz; the packets do not tell it
    double center_freq_hz = 0; //!< 0 if not known
    //! Value of the tag `sentinel_stream`, see docs/messages.md; nil for no such tag.
    pmt::pmt_t stream = pmt::PMT_NIL;
    size_t buffer_bytes = size_t(1) << 20; //!< asked of the kernel for waiting datagrams
};

/*!
 * \brief Samples of UDP datagrams with a time stamp (kernel/udp_iq_packet.h); see
 * iq_packet_source for tags and counters.
 *
 * Datagrams of any length are taken. Reasons in malformed(): `too_short`, `length`,
 * `nanoseconds`.
 */
class SENTINEL_API udp_iq_source : virtual public iq_packet_source
{
public:
    using sptr = std::shared_ptr<udp_iq_source>;

    /*!
     * \throws std::invalid_argument for a configuration that makes no sense, or a host
     * that does not exist
     * \throws std::runtime_error if the socket cannot be bound
     */
    static sptr make(const udp_iq_source_config& config);

    virtual int port() const = 0; //!< that is listened on
    /*!
     * \brief Receive buffer that the kernel granted, bytes. It keeps more in store than
     * it says, for its own bookkeeping; this is the part that compares with what was
     * asked.
     */
    virtual size_t granted_buffer_bytes() const = 0;
    //! Datagrams that the kernel dropped, since the buffer was full; as known with the
    //! last datagram that came through.
    virtual uint64_t kernel_drops() const = 0;
};

} // namespace sentinel
} // namespace gr
