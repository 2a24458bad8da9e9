/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gnuradio/block.h>
#include <gnuradio/sentinel/api.h>

#include <vector>

namespace gr {
namespace sentinel {

/*!
 * \brief W-weighted short-time Fourier transform: a matched filter for a pulse at every
 * frequency, window by window.
 *
 * Input: complex samples, or vectors of `channels` complex samples (the block Channelizer
 * makes them). Output: vectors of `rows` complex scores W^H S, rows ascending from -fs/2,
 * one item per channel and window, channels in turn. White noise of variance s2 gives
 * E|score|^2 = window * s2. See kernel::wmatrix_stft for the formula.
 *
 * Tags: `sentinel_start`, `rx_time`, `rx_rate` and `rx_freq` of the first sample of a
 * stream move to the first item of its first window; `sentinel_step` is multiplied by the
 * hop; `sentinel_end` moves to the last item, which for its sake waits up to one hop in a
 * stream that began with `sentinel_start`. A later `sentinel_start` begins a segment,
 * which no window crosses. `sentinel_filled` moves to the first window that holds a
 * filled sample; an `rx_time` within a segment to the window before it, corrected.
 * Samples after the last whole window of a segment make no item.
 *
 * The block needs window + hop items at once: with hundreds of channels or very long
 * pulses give the block before it a larger output buffer (set_min_output_buffer).
 *
 * Cost: one FFT of `rows` points per `hop` samples and channel.
 */
class SENTINEL_API wmatrix_stft : virtual public gr::block
{
public:
    typedef std::shared_ptr<wmatrix_stft> sptr;

    /*!
     * \param window samples of one pulse, ceil(pulse width * sample rate), >= 4
     * \param hop samples from window to window, 1..window
     * \param rows frequency rows, even, >= 16 and >= window; 0 takes kernel::fast_rows
     * \param channels complex samples per input item, >= 1
     * \param pulse_template `window` samples of the pulse; empty means rectangular
     * \throws std::invalid_argument when one of these does not hold
     */
    static sptr make(size_t window,
                     size_t hop,
                     size_t rows = 0,
                     size_t channels = 1,
                     const std::vector<gr_complex>& pulse_template = {});

    virtual size_t rows() const = 0;
};

} // namespace sentinel
} // namespace gr
