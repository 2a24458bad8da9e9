/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gnuradio/sentinel/api.h>
#include <gnuradio/sentinel/kernel/pulse_train.h>

#include <cstddef>
#include <vector>

namespace gr {
namespace sentinel {
namespace kernel {

//! A place on the (start window, frequency row) plane where the folded power peaks.
struct SENTINEL_API fold_peak {
    size_t start = 0;
    size_t row = 0;
    float value = 0.0f; //!< folded power over noise, single pulses limited
};

/*!
 * \brief K-fold integration: sums power over noise at the K windows of a train.
 *
 *     fold[start, row] = sum_k limit(power[start + round(k interval / hop), row] /
 * noise[row])
 *
 * The offsets are rounded one by one, so that a fractional interval does not drift. One
 * pulse counts at most about `knee`, plus a thousandth of what it has above, which keeps
 * strong pulses in order: a single click must not outrank a train of weak pulses. The
 * limit serves the choice of candidates only; the score of a train is summed without it.
 *
 * The plane is cut into tiles of 4 starts x 8 rows, about the size of one pulse's peak,
 * and only the best cell of a tile is kept.
 */
class SENTINEL_API pulse_fold
{
public:
    static constexpr float knee = 15.0f;
    static constexpr size_t tile_starts = 4;
    static constexpr size_t tile_rows = 8;

    //! \throws std::invalid_argument see pulse_train_geometry::validate
    explicit pulse_fold(const pulse_train_geometry& geometry);

    const pulse_train_geometry& geometry() const { return d_geometry; }

    /*!
     * \brief The best tiles, best first: their first start and row and their largest
     * value.
     *
     * \param normalized cycle_windows() x rows, power over noise
     * \param most how many at the most
     * \return valid until the next call
     */
    const std::vector<fold_peak>& tiles(const float* normalized, size_t most);

    //! The best cell of a tile that tiles() has returned.
    fold_peak best_of(const float* normalized, const fold_peak& tile);

private:
    void fold(const float* normalized,
              size_t start,
              size_t first_row,
              size_t rows,
              float* sums) const;

    pulse_train_geometry d_geometry;
    std::vector<size_t> d_offsets; // rows table offset of pulse k
    size_t d_first_row, d_row_count;
    std::vector<float> d_sums;
    std::vector<fold_peak> d_tiles;
    std::vector<float> d_tile_best;
};

} // namespace kernel
} // namespace sentinel
} // namespace gr
