/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gnuradio/sentinel/api.h>

#include <cstdint>

namespace gr {
namespace sentinel {
namespace kernel {

/*!
 * \brief Whether packets come as fast as they were sampled, and how late one is.
 *
 * A loss of X s also lets X s pass on the receiver's own clock, a step of the sender's
 * clock does not. That can only be told of a stream that comes in real time, within 20 %
 * over at least 8 packets, and of a jump that stands out of the network's delays.
 */
class SENTINEL_API arrival_pace
{
public:
    //! A packet that begins where the stream has lasted `signal_s`, lost samples
    //! included.
    void observe(uint64_t arrival_ns, double signal_s);

    //! The signal's time begins anew at 0 with the next packet.
    void restart() { *this = arrival_pace(); }

    bool paced() const;

    /*!
     * Whether a jump of the stamps by `jump_s` is a step of the clock: the packet, which
     * would begin at `signal_s` without the jump, came before half of it had passed.
     */
    bool is_clock_step(uint64_t arrival_ns, double signal_s, double jump_s) const;

private:
    double delay_s(uint64_t arrival_ns, double signal_s) const;

    int d_packets = 0;
    uint64_t d_first_ns = 0;
    double d_first_s = 0;
    double d_elapsed_s = 0;   // on the receiver's clock
    double d_signal_s = 0;    // of the stream
    double d_delay_s = 0;     // usual delay against the first packet
    double d_deviation_s = 0; // usual deviation from that
};

} // namespace kernel
} // namespace sentinel
} // namespace gr
