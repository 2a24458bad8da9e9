/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gnuradio/block.h>
#include <gnuradio/sentinel/api.h>

#include <memory>
#include <vector>

namespace gr {
namespace sentinel {

/*!
 * \brief Channels of one wide stream, filtered, shifted to 0 Hz and decimated.
 *
 * Input: complex64. Output: vectors of one complex64 per channel, one vector per output
 * time; output n of a segment is centred on the segment's input n * decimation. What is
 * computed, and at what cost, is said at kernel::channelizer; a segment of N items gives
 * ceil(N / decimation) vectors, the last ones with zeros after the end.
 *
 * A segment begins with the stream, at a tag `sentinel_start`, and after `sentinel_end`.
 * Tags read and written:
 *  - `sentinel_start` (uint64): passed to the first vector; without it, the item's index.
 *  - `sentinel_step` (uint64): times the decimation (1 if absent).
 *  - `rx_rate` (double): passed; without it, sample_rate times the input's step.
 *  - `rx_freq` (double), `rx_time`: passed. The centre of the stream stays that of the
 * input.
 *  - `sentinel_offsets` (f64vector, Hz; written): centre of each channel from `rx_freq`,
 * on the first vector and on the first one after a change of frequency.
 *  - `sentinel_end` (uint64): passed to the segment's last vector. If the input ends
 * without it, the outputs still in the filter, max(G, D) input samples, are lost.
 *  - any other tag, and rx_time, rx_freq, rx_rate inside a segment: passed to the first
 * vector centred at or after the item (rx_time advanced by the difference), or to the
 * last one.
 */
class SENTINEL_API channelizer : virtual public gr::block
{
public:
    typedef std::shared_ptr<channelizer> sptr;

    /*!
     * \param sample_rate of the input, Hz
     * \param decimation input samples per output, at least 1
     * \param fft_size spacing of the bins is sample_rate / fft_size; at least the
     * decimation \param taps prototype low-pass at the input rate, odd number; none with
     * decimation 1: only shift \param frequencies_hz centre of each channel from the
     * stream's centre, within
     * +-sample_rate / 2; the nearest bin is filtered, the rest is turned back after the
     * filter
     */
    static sptr make(double sample_rate,
                     int decimation,
                     int fft_size,
                     const std::vector<float>& taps,
                     const std::vector<double>& frequencies_hz);

    //! Moves one channel from the next output on, with the phase it would have had all
    //! along. From any thread.
    virtual void set_frequency(int channel, double frequency_hz) = 0;

    //! The same for all channels at once; their number cannot change.
    virtual void set_frequencies(const std::vector<double>& frequencies_hz) = 0;

    virtual std::vector<double> frequencies() const = 0;
};

} // namespace sentinel
} // namespace gr
