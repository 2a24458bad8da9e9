/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gnuradio/gr_complex.h>

#include <cstddef>
#include <vector>

namespace gr {
namespace sentinel {
namespace kernel {

/*!
 * \brief Weight a window by the prototype and overlap-add it to one FFT length.
 *
 *     u[r] = sum_p w[r + p M] x[r + p M],   0 <= r < min(M, L),   w = taps reversed
 *
 * Cost: 2 L real multiply-adds per window, the largest part of a channelizer.
 * Neighbouring windows are folded together, because they share the weights and most of
 * their samples.
 */
class weighted_fold
{
public:
    //! Windows folded by one call of four().
    static constexpr size_t batch = 4;

    weighted_fold(const std::vector<float>& taps, size_t fft_size);

    //! Useful values per folded window.
    size_t length() const { return d_length; }
    //! Values from one folded window to the next: length() and room for a whole vector.
    size_t stride() const { return d_length + 8; }

    //! Folds the window at `samples`; writes stride() values.
    void one(const gr_complex* samples, gr_complex* folded) const;
    //! Folds four windows `hop` samples apart; the values equal those of one() bit for
    //! bit.
    void four(const gr_complex* samples, size_t hop, gr_complex* folded) const;

private:
    const size_t d_fft_size;
    const size_t d_length;
    std::vector<float> d_weights; //!< each twice, for real and imaginary part
};

} // namespace kernel
} // namespace sentinel
} // namespace gr
