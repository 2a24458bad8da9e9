/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gnuradio/sentinel/api.h>
#include <gnuradio/sync_block.h>

#include <cstdint>
#include <map>
#include <string>

namespace gr {
namespace sentinel {

/*!
 * \brief What sources of IQ packets have in common: packets become items and tags, in the
 * order in which they arrive.
 *
 * Output port 0: gr_complex. Samples that are NaN or infinite become 0 and are counted;
 * denormals pass, as in every input. Tags on the first item of each packet; a gap guard
 * reads them and passes none of them on:
 *  - `sentinel_packet` (uint64): items of this packet;
 *  - `sentinel_seq` (uint64): its sequence number, where the protocol has one;
 *  - `rx_time` (tuple of uint64 seconds and double fraction): UTC of the item;
 *  - `sentinel_arrival` (uint64): CLOCK_MONOTONIC in ns when the packet was received;
 *  - `rx_rate` (double, Hz): on the first packet, and whenever it changes;
 *  - `rx_freq` (double, Hz, 0 if not known): on the first packet;
 *  - `sentinel_stream` (dict): on the first packet, if it was given.
 *
 * work() waits at most 100 ms, so the block ends within that time when what is behind it
 * ends. It never throws: an error of the socket ends the stream, and failure() tells why.
 * All getters may be called from any thread.
 */
class SENTINEL_API iq_packet_source : virtual public gr::sync_block
{
public:
    virtual uint64_t packets_received() const = 0; //!< good ones
    virtual uint64_t bytes_received() const = 0;   //!< of all packets, good or not
    virtual uint64_t samples_read() const = 0;     //!< given to the output so far
    virtual uint64_t samples_nonfinite() const = 0;
    //! Packets that were dropped for what is wrong with them, by reason.
    virtual std::map<std::string, uint64_t> malformed() const = 0;
    virtual std::string failure() const = 0; //!< empty while all is well
};

} // namespace sentinel
} // namespace gr
