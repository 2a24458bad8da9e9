/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gnuradio/sentinel/api.h>

#include <cstdint>

namespace gr {
namespace sentinel {
namespace kernel {

/*!
 * \brief UTC of each sample of a timeline, in integer nanoseconds since 1970: a straight
 * line through one known point.
 *
 * Rounded to the nearest nanosecond from the anchor, however far away: errors do not add
 * up from packet to packet.
 */
class SENTINEL_API sample_clock
{
public:
    //! \param sample_rate of the timeline, Hz, above 0
    explicit sample_clock(double sample_rate) : d_rate(sample_rate) {}

    double rate() const { return d_rate; }
    bool anchored() const { return d_anchored; }

    //! From `index` on, samples come at this rate; the line does not jump there.
    void set_rate(uint64_t index, double sample_rate);
    //! The line goes through this point.
    void anchor(uint64_t index, uint64_t time_ns);
    void forget_anchor() { d_anchored = false; }

    //! Time of a sample; 0 where it would lie before 1970. Needs an anchor.
    uint64_t time_ns(uint64_t index) const;

private:
    double d_rate;
    bool d_anchored = false;
    uint64_t d_index = 0;
    uint64_t d_time_ns = 0;
};

} // namespace kernel
} // namespace sentinel
} // namespace gr
