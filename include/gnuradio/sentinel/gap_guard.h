/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gnuradio/block.h>
#include <gnuradio/sentinel/api.h>
#include <pmt/pmt.h>

#include <cstdint>
#include <memory>
#include <string>

namespace gr {
namespace sentinel {

struct SENTINEL_API gap_guard_config {
    size_t item_size = sizeof(gr_complex); //!< bytes
    double sample_rate = 0;                //!< Hz, until a tag says otherwise
    //! `sequence`, `timestamps`, `clock`, `none` or `exact`. `timestamps` ignores
    //! sequence numbers, `none` and `exact` ignore both, `clock` estimates what stamps do
    //! not tell.
    std::string accounting = "timestamps";
    double fill_below = 0;         //!< samples: shorter gaps are filled, others cut
    std::string rule = "sentinel"; //!< or `published`, see kernel::published_gap_rule
    std::string fill_item;         //!< bytes of one item; none is zeros
    double center_freq = 0;        //!< Hz, until a tag says otherwise; 0: not known
    //! Value of the tag `sentinel_stream` where the source does not bring it.
    pmt::pmt_t stream = pmt::PMT_NIL;
    uint64_t max_items = 0; //!< end after that many samples, lost ones included; 0: never
};

struct SENTINEL_API gap_guard_counts {
    uint64_t samples_received = 0; //!< handed on
    uint64_t samples_filled = 0;
    uint64_t samples_cut = 0;
    uint64_t samples_lost = 0;      //!< estimated with the clock
    uint64_t samples_late = 0;      //!< dropped, counted as filled or cut before
    uint64_t samples_duplicate = 0; //!< dropped
    uint64_t packets_received = 0;  //!< handed on
    uint64_t packets_late = 0;
    uint64_t packets_duplicate = 0;
    uint64_t packets_reordered = 0;
    uint64_t gaps_filled = 0;
    uint64_t gaps_cut = 0;
    uint64_t clock_steps = 0;
    uint64_t restarts = 0;
    uint64_t rate_changes = 0;
    double jitter_s = 0;          //!< standard deviation of the stamps
    double rate_ppm = 0;          //!< of the sender's rate from nominal
    uint64_t last_arrival_ns = 0; //!< monotonic time of the last data; 0: none yet
};

/*!
 * \brief Puts the packets of a live source into order, fills or cuts what is missing, and
 * keeps count.
 *
 * One input, one output, items of any size. What is decided, and how, is said at
 * kernel::packet_order and kernel::clock_accountant.
 *
 * Tags read on the first item of each packet, and not passed on: `sentinel_packet`,
 * `sentinel_seq`, `sentinel_arrival` (uint64), `rx_time` (tuple), `rx_rate`, `rx_freq`
 * (double), `sentinel_stream` (dict; a second one tells that the source has connected
 * anew). A source without `sentinel_packet` cannot be reordered; its `rx_time` is
 * checked.
 *
 * Tags written: on the first item of each segment `sentinel_start`, `sentinel_step` = 1,
 * `rx_rate`, `rx_freq`, `rx_time` (if known), and `sentinel_lost` after a cut;
 * `sentinel_stream` on the first item of a stream and `sentinel_end` on its last;
 * `sentinel_filled` on the first filled item; `sentinel_gain` (double, dB), once the gain
 * has been told, on the first item of each segment and where it changes. Inside a segment
 * `rx_time` where the sender's clock has moved a tenth of a sample from the last one (at
 * most once a second), and `sentinel_lost` for an estimated loss. A cut, a step of the
 * clock, and a change of rate or frequency begin a segment; a sender that has begun anew
 * begins a stream, whose `stream_id` ends in .2, .3, ... and whose index begins at 0.
 *
 * Message port `gaps`: one dict per happening, see docs/messages.md.
 *
 * The last item is always held back, so that it bears `sentinel_end` whether the input
 * ends, max_items are reached, or request_end() is called while no data come.
 *
 * Cost: a copy, and below 1 us per packet.
 */
class SENTINEL_API gap_guard : virtual public gr::block
{
public:
    using sptr = std::shared_ptr<gap_guard>;

    //! \throws std::invalid_argument for a configuration that makes no sense
    static sptr make(const gap_guard_config& config);

    //! Ends the stream after the items already received. From any thread.
    virtual void request_end() = 0;

    //! From the next gap on. From any thread.
    virtual void set_fill_below(double samples) = 0;

    /*!
     * \brief The receiver's gain is this from the next item on. From any thread.
     *
     * Items already on their way were received with the gain before: the tag stands up to
     * the receiver's buffering too early, a fraction of a second with most drivers.
     * \throws std::invalid_argument if it is not finite
     */
    virtual void set_gain(double gain_db) = 0;

    //! From any thread.
    virtual gap_guard_counts counts() const = 0;
};

} // namespace sentinel
} // namespace gr
