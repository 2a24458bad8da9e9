/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gnuradio/sentinel/api.h>
#include <gnuradio/sentinel/kernel/sample_format.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace gr {
namespace sentinel {
namespace kernel {

/*!
 * \brief Prototype of `channels` * `taps_per_channel` taps h with channels * sum h^2 = 1.
 *
 * A sinc under a Hann window, -6 dB at the edge of a channel; with one tap per channel
 * the Hann window alone, which makes the filter bank a windowed short-time Fourier
 * transform. \throws std::invalid_argument unless channels is even and 2..16384,
 * taps_per_channel 1..64
 */
SENTINEL_API std::vector<float> channelizer_prototype(size_t channels,
                                                      size_t taps_per_channel);

/*!
 * \brief One record of spectral statistics per snapshot, in one pass over the samples.
 *
 * Samples x (full scale 1, as kernel/sample_format.h has it) lose their mean, then N
 * channels are made, critically sampled,
 *
 *     y_k[m] = sum_l h[l] x[N m + l] exp(-2j pi k l / N),    0 <= l < taps N,
 *
 * and of the rows m of a snapshot the sums over |y|^2, |y|^4 and y[m] conj(y[m - 1]) of
 * each channel and over S^2, S = sum_k |y_k|^2. A row belongs to the snapshot that holds
 * all of its samples; the few that reach into the next one are left out, since a strong
 * signal that begins there would show in this one. Products are of rows of one snapshot.
 * Sample 0 is the
 * first one after construction or reset(); `count` samples give ceil(count /
 * snapshot_samples) records.
 *
 * The mean is that of a moving window of whole blocks, the one at hand included, so that
 * a carrier near the centre stays: blocks of 4096 samples or more, as many as fit into
 * dc_window_s, at least one. Integer samples are summed as integers.
 *
 * Rows that touch a filled sample are left out; so are filled samples from the mean.
 * Samples with a NaN or an infinity count as 0.
 *
 * A record: [power N | kurtosis N | coherence, real N | coherence, imaginary N |
 * scalars], channels in ascending frequency with DC at N / 2, scalars in the order of
 * `scalar`. With P = mean |y|^2: kurtosis mean |y|^4 / P^2, coherence mean(y[m] conj(y[m
 * - 1])) / P, entropy -sum q log2 q bits with q = P / sum P, row kurtosis mean S^2 /
 * (mean S)^2. What is a ratio is NaN where its divisor is 0. Sums are of single
 * precision over 64 rows at most, then of double.
 *
 * Eight rows are computed at a time, side by side in the lanes of vectors, so that any N
 * without a prime factor above 4 is fast; others take time in proportion to their largest
 * one. Results do not depend on how the input is cut into calls, nor on any measurement
 * of speed. Nothing is allocated after construction. Not thread-safe.
 */
class SENTINEL_API channelizer_features
{
public:
    //! Places of the scalars behind the four vectors of a record.
    enum scalar {
        entropy,
        row_kurtosis,
        rows,
        saturated_share, //!< of the samples not filled; NaN for floats
        filled_share,
        lost_samples,
        gain_db,
        dc_i,
        dc_q,
        scalar_count
    };

    struct config {
        double sample_rate = 2.56e6; //!< Hz
        sample_format format = sample_format::cf32_le;
        size_t channels = 64;                                   //!< N, even
        std::vector<float> taps = channelizer_prototype(64, 8); //!< h, 1..64 times N
        size_t snapshot_samples = 2560000;                      //!< at least N
        double dc_window_s = 0.1;                               //!< 0: the mean stays
        bool coherence = true; //!< without, its place in the record is NaN
    };

    struct progress {
        size_t consumed; //!< samples taken
        size_t produced; //!< records written
    };

    //! Throws std::invalid_argument, which says what is wrong. Formats are cu8, ci8,
    //! cu16_le, ci16_le and cf32_le.
    explicit channelizer_features(config settings);
    ~channelizer_features();
    channelizer_features(channelizer_features&&) noexcept;
    channelizer_features& operator=(channelizer_features&&) noexcept;

    const config& settings() const;
    //! Floats in one record.
    size_t record_length() const;
    //! Samples of a block of the moving mean.
    size_t block_samples() const;
    //! Index of the next sample.
    uint64_t next_sample() const;

    //! Takes up to `count` samples, not necessarily aligned, and writes up to `capacity`
    //! records; stops early only when `records` is full.
    progress process(const void* samples, size_t count, float* records, size_t capacity);

    //! The same for samples that were filled in: what they hold is not looked at.
    progress skip(size_t count, float* records, size_t capacity);

    //! No more samples come: writes up to `capacity` of the records still due and returns
    //! their number, 0 when done. Only reset() leads back to process().
    size_t finish(float* records, size_t capacity);

    //! Records that are due but found no room.
    size_t records_due() const;

    //! So many samples are missing before the next one.
    void add_lost(uint64_t samples);
    //! Of the receiver from the next sample on; a record carries its snapshot's last.
    //! NaN until it is known; stays over reset().
    void set_gain(double gain_db);

    //! Begins anew with sample 0.
    void reset();

private:
    struct impl;
    std::unique_ptr<impl> d_impl;
};

} // namespace kernel
} // namespace sentinel
} // namespace gr
