/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gnuradio/sentinel/api.h>
#include <gnuradio/sentinel/kernel/pulse_train.h>
#include <gnuradio/sync_block.h>

#include <vector>

namespace gr {
namespace sentinel {

//! One tag that is looked for: where, at what interval, and from which score on.
struct SENTINEL_API kfold_watch {
    size_t channel = 0;                    //!< of the items' channels
    kernel::pulse_train_geometry geometry; //!< window, hop and rows must be the block's
    float threshold = 0.0f;                //!< least score to declare
    size_t most = 1;                       //!< tags declared per cycle at the most
    double merge = 0.25;                   //!< cycles per sample around a declared tag
};

/*!
 * \brief Sums the power of K pulses and decides, cycle by cycle, for any number of tags.
 *
 * Input: vectors of `rows` complex scores from W-Matrix STFT, one per channel and window,
 * channels in turn. A cycle of a watch is K intervals and one window long; cycles follow
 * each other without a gap and do not depend on how the items come in. See
 * kernel::pulse_train_search for what is done with a cycle.
 *
 * Message port `cycles`: one PMT dict per watch and cycle, with
 *  - watch, channel (long); cycle (uint64, from 0);
 *  - sample_start, sample_count, step (uint64, on the input's own timeline, step = input
 *    samples per sample of the channel);
 *  - rx_rate (double, 0 if unknown), offset (double, Hz, centre of the channel from
 *    rx_freq), rx_freq (double or nil), rx_time (tuple of uint64 and double, or nil) with
 *    anchor (uint64), the sample that time belongs to;
 *  - stream (dict or nil): value of the tag sentinel_stream;
 *  - filled, lost (uint64): input samples within the cycle that were filled in, or lost
 *    without a jump of the timeline;
 *  - score, threshold, noise (double, noise as the power of one cell); work_s (double,
 *    seconds spent);
 *  - trains, a vector of dicts with start (double, in samples of the channel from
 *    sample_start), frequency (double, cycles per sample of the channel),
 *    interval (double, samples of the channel, as measured), score,
 *    traffic_score, noise (double), reason (symbol: pulses, level, traffic, missing,
 *    faster), pulse_starts (f64vector), pulse_scores (f32vector).
 *
 * Message port `changes`: one dict (watch, window, threshold, interval_samples, pulses)
 * when a set_watch() has come into force.
 *
 * A later sentinel_start begins a segment: what has not filled a cycle is dropped, and
 * cycles begin anew with it. Windows with filled samples (sentinel_filled) do not enter
 * the noise and a pulse in them is not called missing.
 *
 * Tags read: sentinel_start, sentinel_step, sentinel_filled, sentinel_lost,
 * sentinel_offsets, sentinel_stream, rx_time, rx_rate, rx_freq.
 */
class SENTINEL_API kfold_integrator : virtual public gr::sync_block
{
public:
    typedef std::shared_ptr<kfold_integrator> sptr;

    /*!
     * \param rows items are vectors of so many scores
     * \param channels items in turn
     * \param pulse_template as given to W-Matrix STFT
     * \param watches at least one
     * \throws std::invalid_argument for a watch of another geometry or an unknown channel
     */
    static sptr make(size_t rows,
                     size_t channels,
                     const std::vector<kfold_watch>& watches,
                     const std::vector<gr_complex>& pulse_template = {});

    /*!
     * \brief Replaces a watch from its next cycle on; may be called from any thread.
     *
     * What the new watch needs is made in the calling thread; the old one works until
     * then. \throws std::invalid_argument as make(), and std::out_of_range for the index
     */
    virtual void set_watch(size_t index, const kfold_watch& watch) = 0;
};

} // namespace sentinel
} // namespace gr
