/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gnuradio/sentinel/iq_packet_sink.h>

#include <memory>
#include <string>
#include <vector>

namespace gr {
namespace sentinel {

struct SENTINEL_API udp_iq_sink_config {
    double sample_rate = 0; //!< Hz, of the items; a tag `rx_rate` says better
    //! Each HOST:PORT; every packet goes to all of them.
    std::vector<std::string> destinations;
    int samples_per_packet = 1024; //!< up to 8187 and the header
    //! Whether the header is one of these samples, as in the published decimator.
    bool header_counts = true;
};

/*!
 * \brief Sends UDP datagrams with a time stamp (kernel/udp_iq_packet.h); see
 * iq_packet_sink for tags and counters.
 *
 * send_errors() counts what the kernel refused, not what got lost on the way, nor what
 * nobody listened to.
 */
class SENTINEL_API udp_iq_sink : virtual public iq_packet_sink
{
public:
    using sptr = std::shared_ptr<udp_iq_sink>;

    /*!
     * \throws std::invalid_argument for a configuration that makes no sense, or a host
     * that does not exist
     * \throws std::runtime_error if there is no socket
     */
    static sptr make(const udp_iq_sink_config& config);
};

} // namespace sentinel
} // namespace gr
