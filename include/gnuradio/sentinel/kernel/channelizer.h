/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gnuradio/gr_complex.h>
#include <gnuradio/sentinel/api.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace gr {
namespace sentinel {
namespace kernel {

/*!
 * \brief Polyphase filter bank by weighted overlap-add: channels of one wide stream.
 *
 * With prototype h of L taps, decimation D, FFT size M >= D (D need not divide M) and
 * `delay` G, 0 <= G < L, output n of the channel tuned to bin k and residual frequency e
 * is
 *
 *     y_k[n] = exp(-2j pi e n D / fs)
 *              sum_l h[l] x[n D + G - l] exp(-2j pi k (n D + G - l) / M)
 *
 * with x zero before the first sample and after the last. The mixing phase is zero at
 * input index 0 for every channel. With an odd number of symmetric taps and the default
 * G = (L - 1) / 2 the group delay is removed exactly: output n is centred on input n D, a
 * tone of amplitude 1 in the middle of its channel gives 1 (for sum h = 1) with the phase
 * it has there, and N inputs give ceil(N / D) outputs. (An even L is centred half a
 * sample earlier.) With G = L - 1 window n begins at input n D. Channel k is centred at k
 * fs / M, bins from M / 2 up are the negative frequencies, as in GNU Radio's
 * pfb_channelizer_ccf, whose outputs these are for D = M up to a constant phase per
 * channel and a delay. The filter stays centred on the bin; only the band's place in the
 * output moves with e. A fine frequency therefore wants an M large enough that fs / (2 M)
 * is small against the pass band.
 *
 * Without taps and with D = 1 nothing is filtered: each channel is the input, shifted.
 *
 * Cost per output: 2 L real multiply-adds for the fold, shared by all channels, then one
 * FFT of M points or, for few channels, 4 M multiply-adds per channel. Nothing is
 * allocated after construction. Results do not depend on how the input is cut into calls.
 * Not thread-safe.
 */
class SENTINEL_API channelizer
{
public:
    //! Where a channel lies: `bin` fs / M + residual_hz.
    struct tuning {
        size_t bin;
        double residual_hz;
    };
    enum class method { automatic, fft, direct };

    struct config {
        double sample_rate;      //!< Hz, of the input
        size_t decimation;       //!< D, 1 <= D <= M
        size_t fft_size;         //!< M
        std::vector<float> taps; //!< h; empty with D = 1: no filter
        std::vector<tuning> channels;
        int64_t delay = -1; //!< G; negative: (L - 1) / 2
        method how = method::automatic;
    };

    struct progress {
        size_t consumed; //!< input samples taken
        size_t produced; //!< output times written, count() values each
    };

    //! Nearest bin of a frequency within +-sample_rate / 2 and what remains, in Hz.
    static tuning tune(double frequency_hz, double sample_rate, size_t fft_size);
    //! Bins 0 .. fft_size - 1 with no residual.
    static std::vector<tuning> all_bins(size_t fft_size);

    //! Throws std::invalid_argument, which says what is wrong.
    explicit channelizer(config settings);
    ~channelizer();
    channelizer(channelizer&&) noexcept;
    channelizer& operator=(channelizer&&) noexcept;

    //! Channels per output time.
    size_t count() const;
    //! True if the bins are computed by FFT and not one by one.
    bool uses_fft() const;
    //! Output times that process() would have given after `samples` more.
    size_t outputs_after(size_t samples) const;
    //! Output times that flush() would give now.
    size_t outputs_at_end() const;
    //! Index of the next output time.
    uint64_t next_output() const;

    /*!
     * Takes up to `samples` and writes up to `capacity` output times, channels side by
     * side; stops early only when `out` is full. Output n comes when more than n D +
     * max(G, D) samples are in: late enough that at least one is left for flush(), which
     * a block needs to mark the last one.
     */
    progress
    process(const gr_complex* in, size_t samples, gr_complex* out, size_t capacity);

    //! Writes up to `capacity` of the outputs still due, zeros following the input;
    //! returns their number, 0 when done. Only reset() leads back to process().
    size_t flush(gr_complex* out, size_t capacity);

    //! Begins anew; the first sample to come is input `first_output` * D of the stream.
    void reset(uint64_t first_output = 0);

    //! Tunes one channel anew from the next output on, as if it had been tuned so from
    //! the start.
    void retune(size_t channel, tuning to);

private:
    struct impl;
    std::unique_ptr<impl> d_impl;
};

} // namespace kernel
} // namespace sentinel
} // namespace gr
