/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gnuradio/fft/fft.h>
#include <gnuradio/gr_complex.h>
#include <gnuradio/sentinel/api.h>

#include <complex>
#include <cstddef>
#include <vector>

namespace gr {
namespace sentinel {
namespace kernel {

/*!
 * \brief The explicit W matrix of a bank of matched filters, as published.
 *
 * For each fraction of a bin zeta, the pulse template modulated by exp(2j pi zeta n / nw)
 * is transformed, normalised to unit norm, and shifted circularly by each whole bin. With
 * S the FFT of one window of nw samples, the matched filter outputs at all frequencies
 * are W^H S.
 *
 * This is the definition, O(nw^2 zetas) per window, and the oracle of the tests;
 * wmatrix_stft computes the same numbers with one FFT.
 *
 * \param pulse_template nw complex samples of the pulse at baseband
 * \param zetas fractions of a bin in [0, 1), ascending
 * \return row-major, nw rows by nw * zetas columns; column c answers the frequency
 *         c / (nw * zetas) cycles per sample below 1/2 and wraps above, for evenly
 *         spaced zetas
 * \throws std::invalid_argument for an empty or all-zero template, or zetas out of range
 */
SENTINEL_API std::vector<std::complex<double>>
wmatrix(const std::vector<std::complex<double>>& pulse_template,
        const std::vector<double>& zetas);

/*!
 * \brief Matched-filter outputs of one window at all frequencies.
 *
 * By Parseval, W^H S for the template h is a windowed, zero-padded FFT:
 *
 *     score[f] = sqrt(nw)/||h|| * sum_n conj(h[n]) x[n] exp(-2j pi f n)
 *
 * on any frequency grid, not only multiples of half a bin. White noise of variance s2
 * gives E|score|^2 = nw * s2 whatever the template. Cost: one FFT of `rows` points.
 *
 * Rows ascend in frequency: row r answers (r - rows/2)/rows cycles per sample.
 */
class SENTINEL_API wmatrix_stft
{
public:
    /*!
     * \param window samples per window, the pulse width (>= 4)
     * \param rows frequency rows, even, >= 16 and >= window; twice the window is the
     * published grid \param pulse_template `window` samples of the pulse; empty means
     * rectangular. It must not fall below 5 % of its largest magnitude, so that a window
     * can be recovered. \throws std::invalid_argument when one of these does not hold
     */
    wmatrix_stft(size_t window,
                 size_t rows,
                 const std::vector<gr_complex>& pulse_template = {});

    size_t window() const { return d_weights.size(); }
    size_t rows() const { return d_rows; }
    //! sqrt(nw)/||h|| conj(h[n]): multiply by exp(-2j pi f n) and sum for any frequency.
    const std::vector<gr_complex>& weights() const { return d_weights; }

    //! `window` samples in, `rows` scores out.
    void transform(const gr_complex* samples, gr_complex* scores);

    //! `rows` scores in, the `window` samples they were made of out.
    void recover(const gr_complex* scores, gr_complex* samples);

private:
    size_t d_rows;
    std::vector<gr_complex> d_weights;
    std::vector<gr_complex> d_inverse_weights;
    fft::fft_complex_fwd d_forward;
    fft::fft_complex_rev d_reverse;
};

/*!
 * \brief Smallest 2^a {1, 3, 5} >= 1.6 times the window: fast to transform.
 *
 * The published grid has twice the window. With refinement below the grid that gains
 * nothing (docs/results-pulse.md) and costs a third more.
 */
SENTINEL_API size_t fast_rows(size_t window);

} // namespace kernel
} // namespace sentinel
} // namespace gr
