/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gnuradio/sentinel/kernel/sample_clock.h>

#include <cstdint>
#include <deque>

namespace gr {
namespace sentinel {

/*!
 * \brief Time of the first sample of snapshots, from stamps at places of the timeline.
 *
 * Stamps come before the records that they belong to, so that they wait here until a
 * snapshot has reached them. While a stream lasts, time does not go back: a stamp after
 * which it would is left out, and the line of the one before goes on.
 */
class snapshot_clock
{
public:
    explicit snapshot_clock(double rate) : d_clock(rate) {}

    void set_rate(uint64_t place, double rate)
    {
        if (rate > 0 && rate != d_clock.rate())
            d_clock.set_rate(place, rate);
    }

    //! Places ascend.
    void stamp(uint64_t place, uint64_t time_ns)
    {
        d_stamps.push_back({ place, time_ns });
    }

    //! Another stream begins, with a clock of its own.
    void forget()
    {
        d_stamps.clear();
        d_clock.forget_anchor();
        d_latest_ns = 0;
    }

    //! False if nothing is known. Places ascend from call to call; a stamp before `end`
    //! will do where there is none before `place`.
    bool find(uint64_t place, uint64_t end, uint64_t& time_ns)
    {
        while (!d_stamps.empty() && d_stamps.front().place <= place)
            use_stamp(place);
        if (!d_clock.anchored() && !d_stamps.empty() && d_stamps.front().place < end)
            use_stamp(place);
        if (!d_clock.anchored())
            return false;
        time_ns = d_latest_ns = d_clock.time_ns(place);
        return true;
    }

private:
    struct stamped {
        uint64_t place, time_ns;
    };

    void use_stamp(uint64_t place)
    {
        auto trial = d_clock;
        trial.anchor(d_stamps.front().place, d_stamps.front().time_ns);
        if (!d_clock.anchored() || trial.time_ns(place) > d_latest_ns)
            d_clock = trial;
        d_stamps.pop_front();
    }

    kernel::sample_clock d_clock;
    std::deque<stamped> d_stamps;
    uint64_t d_latest_ns = 0;
};

} // namespace sentinel
} // namespace gr
