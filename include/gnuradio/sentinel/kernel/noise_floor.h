/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gnuradio/sentinel/api.h>

#include <cstddef>
#include <vector>

namespace gr {
namespace sentinel {
namespace kernel {

/*!
 * \brief Noise power of each frequency row of a spectrogram that also holds signals.
 *
 * As published: the mean over 3 neighbouring windows (2 at either end), its median over
 * time, and then the mean of the cells that are at most 10 times that median. The median
 * is found by bisection over all rows at once and is exact to 0.1 %, which moves the
 * result only through cells that lie that close to the mask.
 *
 * A row whose cells are all masked takes the median; nothing is below `smallest`.
 */
class SENTINEL_API noise_floor
{
public:
    static constexpr float smallest = 1e-30f;

    //! \throws std::invalid_argument unless windows >= 3 and rows >= 16
    noise_floor(size_t windows, size_t rows);

    /*!
     * \param power `windows` x `rows`, row-major, one window after the other
     * \param noise `rows` values out
     */
    void estimate(const float* power, float* noise);

    /*!
     * \brief The same from the first `windows` of a shorter table.
     * \throws std::invalid_argument unless windows is 3 up to that of the constructor
     */
    void estimate(const float* power, size_t windows, float* noise);

private:
    void estimate_lane(const float* power, size_t windows, float* noise);

    size_t d_windows;
    size_t d_rows;
    std::vector<float> d_smoothed; // windows x lane
};

/*!
 * \brief Averages the noise of a row with that of its neighbours, where they are alike.
 *
 * One row's estimate from one cycle has a standard deviation of some 3 %, which alone
 * triples the false alarms of a threshold 30 times the noise. Up to 4 rows on either side
 * that lie within 15 % are averaged in; a carrier or a slope keeps its own value.
 */
SENTINEL_API void share_noise(const float* noise, size_t rows, float* shared);

} // namespace kernel
} // namespace sentinel
} // namespace gr
