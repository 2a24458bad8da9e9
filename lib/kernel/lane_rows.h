/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "aligned_floats.h"

#include <cstddef>
#include <vector>

namespace gr {
namespace sentinel {
namespace kernel {

/*!
 * \brief Eight rows of a filter bank at a time: the taps weight and fold slots that lie
 * in lanes (see take_slots) to `width` points, in the layout of lane_fft.
 */
class lane_fold
{
public:
    //! \param taps a multiple of `width`
    lane_fold(const std::vector<float>& taps, size_t width);

    //! Floats of one line: the eight slots at hand and those before that rows reach to.
    size_t line() const { return d_line; }
    //! Of all lines.
    size_t floats() const { return 2 * d_width * d_line; }
    //! Row i of the eight ends with slot i of the latest eight.
    void run(const float* lines, float* folded) const;

private:
    size_t d_width, d_depth, d_line;
    std::vector<float> d_taps; // those of one point side by side
};

/*!
 * \brief Sums over rows, eight at a time: of each channel |y|^2, |y|^4 and y[m] conj(y[m
 * - 1]), and (sum_k |y_k|^2)^2 of the row.
 *
 * Of single precision in lanes for 64 calls at most, then of double.
 */
class lane_sums
{
public:
    lane_sums(size_t channels, bool coherence);

    //! Of one channel.
    struct channel {
        double power = 0, square = 0, product_re = 0, product_im = 0;
    };

    //! Adds all eight rows; each makes a product with the row before it.
    void add(const float* rows);
    //! Adds some of the rows, 1 or 0 each, and some of the products; add_some() may come
    //! again for the same rows, until remember().
    void add_some(const float* rows, const float* keep, const float* keep_product);
    //! These rows have passed: the next product is with the last one of them.
    void remember(const float* rows);

    //! Brings everything into channels() and row_square(); later additions go on.
    void collect();
    const std::vector<channel>& channels() const { return d_channels; }
    double row_square() const { return d_row_square; }
    //! Begins anew, but for the row before.
    void clear();

private:
    void count_call();

    const bool d_coherence;
    size_t d_calls = 0;
    std::vector<channel> d_channels;
    double d_row_square = 0;
    aligned_floats d_sums;     // per channel four vectors
    aligned_floats d_before;   // per channel the last rows, turned on by one lane
    aligned_floats d_row_sums; // one vector
};

} // namespace kernel
} // namespace sentinel
} // namespace gr
