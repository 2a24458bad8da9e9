/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "vector_loops.h"

#include <gnuradio/sentinel/kernel/pulse_fold.h>

#include <algorithm>

namespace gr {
namespace sentinel {
namespace kernel {

namespace {
constexpr float leak = 1e-3f;

SENTINEL_VECTOR_CLONES
void add_limited(const float* values, size_t count, float* sums)
{
    constexpr float offset = (1.0f - leak) * pulse_fold::knee;
    for (size_t i = 0; i < count; i++) {
        const float limited = offset + leak * values[i];
        sums[i] += values[i] < limited ? values[i] : limited;
    }
}

SENTINEL_VECTOR_CLONES
void raise(const float* values, size_t count, float* largest)
{
    for (size_t i = 0; i < count; i++)
        largest[i] = values[i] > largest[i] ? values[i] : largest[i];
}
} // namespace

pulse_fold::pulse_fold(const pulse_train_geometry& geometry)
    : d_geometry((geometry.validate(), geometry)), d_sums(geometry.rows)
{
    for (unsigned k = 0; k < geometry.pulses; k++)
        d_offsets.push_back(geometry.pulse_window(k) * geometry.rows);
    d_first_row = geometry.row_of(geometry.lowest);
    d_row_count = geometry.row_of(geometry.highest) - d_first_row + 1;
    d_tile_best.resize(d_row_count);
    const size_t across = (d_row_count + tile_rows - 1) / tile_rows;
    const size_t along = (geometry.starts() + tile_starts - 1) / tile_starts;
    d_tiles.reserve(across * along);
}

void pulse_fold::fold(const float* normalized,
                      size_t start,
                      size_t first_row,
                      size_t rows,
                      float* sums) const
{
    std::fill_n(sums, rows, 0.0f);
    const float* first = normalized + start * d_geometry.rows + d_first_row + first_row;
    for (const size_t offset : d_offsets)
        add_limited(first + offset, rows, sums);
}

const std::vector<fold_peak>& pulse_fold::tiles(const float* normalized, size_t most)
{
    d_tiles.clear();
    for (size_t start = 0; start < d_geometry.starts(); start += tile_starts) {
        std::fill(d_tile_best.begin(), d_tile_best.end(), 0.0f);
        const size_t end = std::min(start + tile_starts, d_geometry.starts());
        for (size_t s = start; s < end; s++) {
            fold(normalized, s, 0, d_row_count, d_sums.data());
            raise(d_sums.data(), d_row_count, d_tile_best.data());
        }
        for (size_t row = 0; row < d_row_count; row += tile_rows) {
            const auto first = d_tile_best.begin() + row;
            const auto last = first + std::min(tile_rows, d_row_count - row);
            d_tiles.push_back(
                { start, d_first_row + row, *std::max_element(first, last) });
        }
    }
    most = std::min(most, d_tiles.size());
    // Ties are settled by place, so that the choice never depends on the sort.
    std::partial_sort(d_tiles.begin(),
                      d_tiles.begin() + most,
                      d_tiles.end(),
                      [](const fold_peak& a, const fold_peak& b) {
                          if (a.value != b.value)
                              return a.value > b.value;
                          return a.start != b.start ? a.start < b.start : a.row < b.row;
                      });
    d_tiles.resize(most);
    return d_tiles;
}

fold_peak pulse_fold::best_of(const float* normalized, const fold_peak& tile)
{
    fold_peak best;
    best.value = -1.0f;
    const size_t first_row = tile.row - d_first_row;
    const size_t end_start = std::min(tile.start + tile_starts, d_geometry.starts());
    const size_t end_row = std::min(first_row + tile_rows, d_row_count);
    for (size_t s = tile.start; s < end_start; s++) {
        fold(normalized, s, first_row, end_row - first_row, d_sums.data());
        for (size_t row = first_row; row < end_row; row++)
            if (d_sums[row - first_row] > best.value)
                best = { s, d_first_row + row, d_sums[row - first_row] };
    }
    return best;
}

} // namespace kernel
} // namespace sentinel
} // namespace gr
