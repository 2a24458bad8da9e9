/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gnuradio/block.h>
#include <gnuradio/sentinel/api.h>

#include <memory>
#include <vector>

namespace gr {
namespace sentinel {

/*!
 * \brief One narrow channel of a wide stream by a cascade of decimating low-passes, as
 * the published receiver of wildlife tags has it: 768 kS/s to 3840 by 8 x 5 x 5.
 *
 * Input and output: complex64. The input is multiplied by exp(2j pi shift t), so that
 * what lies at -shift comes to 0 Hz. Output n of a segment is centred on the segment's
 * input n * decimation: the group delay is taken out. A segment of N items gives ceil(N /
 * decimation) outputs; about the first ten and the last ten are computed with zeros
 * beyond the samples (kernel::cascade_decimator says what is computed, and its cost).
 *
 * A segment begins with the stream, at a tag `sentinel_start`, and after `sentinel_end`.
 * Tags read and written:
 *  - `sentinel_start` (uint64): passed to the first output; without it, the item's index.
 *  - `sentinel_step` (uint64): times the decimation (1 if absent).
 *  - `rx_rate` (double, Hz): passed; without it, sample_rate times the input's step. The
 *    oscillator follows rx_rate / step where a segment begins.
 *  - `rx_freq` (double, Hz): minus the shift, which is then the centre of the output; 0,
 *    not known, stays 0. Written again on the first output after a change of the shift.
 *  - `sentinel_end` (uint64): passed to the segment's last output. If the input ends
 *    without it, the outputs still in the filter are lost.
 *  - any other tag (`sentinel_filled`, `sentinel_lost`, `sentinel_stream`), and rx_time,
 *    rx_freq, rx_rate inside a segment: passed to the first output centred at or after
 *    the item (rx_time advanced by the difference), or to the last one. Values that count
 *    samples go on to count those of the input.
 */
class SENTINEL_API decimator : virtual public gr::block
{
public:
    typedef std::shared_ptr<decimator> sptr;

    /*!
     * \param sample_rate of the input, Hz
     * \param decimation input samples per output: a product of 2, 3, 5 and 7; 1 only
     * shifts
     * \param shift_hz is added to all frequencies before the filter, within
     * +-sample_rate / 2
     */
    static sptr make(double sample_rate, int decimation, double shift_hz = 0.0);

    //! Moves the band from the next input sample on, with the phase it would have had all
    //! along. From any thread.
    virtual void set_shift(double shift_hz) = 0;
    virtual double shift() const = 0;

    //! Rate of the input as the last segment said it, Hz; 0 before the first.
    virtual double input_rate() const = 0;

    //! Factors of the stages.
    virtual std::vector<int> factors() const = 0;
    //! Delay of the filter in input samples: so much later an output can be had. It is
    //! taken out of all places and times.
    virtual unsigned long group_delay() const = 0;
};

} // namespace sentinel
} // namespace gr
