/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gnuradio/block.h>
#include <gnuradio/sentinel/api.h>
#include <gnuradio/sentinel/kernel/channelizer_features.h>

#include <memory>

namespace gr {
namespace sentinel {

/*!
 * \brief Power, kurtosis and coherence of each channel of a band, once per snapshot.
 *
 * Input: pairs of 8 or 16 bit, or complex64, as the format says. Output 0: one record of
 * float32 per snapshot; output 1, if connected: power of the channels in dBFS, output 2:
 * their kurtosis. What is computed, and how a record is laid out, is said at
 * kernel::channelizer_features; a segment of n items gives ceil(n / snapshot_samples)
 * records, the last one short. Its cost is one pass over the samples; per snapshot one
 * message is made.
 *
 * A segment begins with the stream, at a tag `sentinel_start`, and after `sentinel_end`.
 * Tags read and written:
 *  - `sentinel_start` (uint64): passed to the first record; without it, the item's index.
 *  - `sentinel_step` (uint64): times snapshot_samples (1 if absent).
 *  - `rx_rate` (double): passed; without it, sample_rate times the input's step.
 *  - `rx_freq` (double), `sentinel_stream` (dict): passed.
 *  - `rx_time`: on each record, of its first sample, where the input has a clock. It
 * never goes back while the stream is the same: a stamp that would make it do so is left
 * out.
 *  - `sentinel_end` (uint64): on a segment's last record, one past its last sample. If
 * the input ends without it, samples since the last full snapshot are lost.
 *  - `sentinel_filled` (uint64): so many samples from the item on are left out.
 *  - `sentinel_lost` (uint64), `sentinel_gain` (double, dB): for the record.
 *  - any other tag: passed to the record of the snapshot that holds its item.
 *
 * Message port `features`: one dict per record, see docs/messages.md.
 */
class SENTINEL_API channelizer_features : virtual public gr::block
{
public:
    typedef std::shared_ptr<channelizer_features> sptr;
    typedef kernel::channelizer_features::config config;

    //! Throws std::invalid_argument, which says what is wrong.
    static sptr make(const config& settings);

    //! Floats in one record.
    virtual size_t record_length() const = 0;
    virtual size_t snapshot_samples() const = 0;
};

} // namespace sentinel
} // namespace gr
