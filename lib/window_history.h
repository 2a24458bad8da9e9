/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gnuradio/gr_complex.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <vector>

namespace gr {
namespace sentinel {

//! The latest windows of one channel, contiguous, addressed by their number in the
//! stream.
class window_history
{
public:
    explicit window_history(size_t rows) : d_rows(rows) {}

    //! Room for `windows` that are in use at once; twice that is kept, to move seldom.
    void reserve(size_t windows)
    {
        if (2 * windows * d_rows > d_cells.size()) {
            d_cells.resize(2 * windows * d_rows);
            d_filled.resize(2 * windows);
        }
    }

    //! Forgets all windows; the next one appended has the number `window`.
    void restart(uint64_t window)
    {
        d_first = window;
        d_count = 0;
    }

    uint64_t end() const { return d_first + d_count; }

    const gr_complex* at(uint64_t window) const
    {
        return &d_cells[(window - d_first) * d_rows];
    }

    //! Flags of `count` windows from `window` on; null if none of them is set.
    const unsigned char* filled_at(uint64_t window, size_t count) const
    {
        const unsigned char* flags = &d_filled[window - d_first];
        return std::find(flags, flags + count, 1) == flags + count ? nullptr : flags;
    }

    //! Appends one window; those before `needed_from` may be dropped to make room.
    void append(const gr_complex* scores, uint64_t needed_from, bool filled = false)
    {
        if ((d_count + 1) * d_rows > d_cells.size())
            drop_before(std::min(needed_from, end()));
        if ((d_count + 1) * d_rows > d_cells.size())
            throw std::logic_error("window_history: more windows in use than reserved");
        std::copy_n(scores, d_rows, &d_cells[d_count * d_rows]);
        d_filled[d_count] = filled;
        d_count++;
    }

private:
    void drop_before(uint64_t window)
    {
        const size_t dropped = window > d_first ? window - d_first : 0;
        std::copy(d_cells.begin() + dropped * d_rows,
                  d_cells.begin() + d_count * d_rows,
                  d_cells.begin());
        std::copy(
            d_filled.begin() + dropped, d_filled.begin() + d_count, d_filled.begin());
        d_first += dropped;
        d_count -= dropped;
    }

    size_t d_rows;
    uint64_t d_first = 0;
    size_t d_count = 0;
    std::vector<gr_complex> d_cells;
    std::vector<unsigned char> d_filled;
};

} // namespace sentinel
} // namespace gr
