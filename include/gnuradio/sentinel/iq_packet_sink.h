/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gnuradio/sentinel/api.h>
#include <gnuradio/sync_block.h>

#include <cstdint>

namespace gr {
namespace sentinel {

/*!
 * \brief What sinks that send IQ packets have in common: items become packets of equal
 * length with a time stamp.
 *
 * Input port 0: gr_complex. Tags read:
 *  - `sentinel_start` (uint64), `sentinel_step` (uint64, 1 if absent): a segment begins
 *    here, and with it a packet; what was collected before goes out as a short one;
 *  - `rx_rate` (double, Hz): rate of the timeline, so that items come at
 *    rx_rate / sentinel_step; without it, they come at the sample rate that was given;
 *  - `rx_time`: UTC of this item. The time runs on from it, by counted samples, in
 * integer nanoseconds. Where it leaves the line by half an item or more, a packet begins;
 *  - `sentinel_stream`: a new stream begins, whose time the old one does not tell;
 *  - `sentinel_end` (uint64): the packet that was collected goes out behind this item.
 *
 * A stream without `rx_time` begins at the time of this machine's clock. Never waits for
 * a receiver, and never sets the pace: what cannot be sent at once is dropped and
 * counted. Copies each sample once. What is left when the flowgraph ends is sent too.
 */
class SENTINEL_API iq_packet_sink : virtual public gr::sync_block
{
public:
    virtual uint64_t packets_sent() const = 0; //!< to each destination
    virtual uint64_t send_errors() const = 0;  //!< packets that could not be sent
    virtual uint64_t samples_sent() const = 0; //!< of the stream, however many receive it
};

} // namespace sentinel
} // namespace gr
