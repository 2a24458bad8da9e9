/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gnuradio/gr_complex.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace gr {
namespace sentinel {
namespace kernel {

/*!
 * \brief The part of a stream that windows still to come can see, contiguous in memory.
 *
 * Positions are absolute and may be negative: zeros stand before the first sample.
 */
class sample_window
{
public:
    explicit sample_window(size_t capacity) : d_samples(capacity) {}

    //! Empties the window; `zeros` zeros precede the sample at `position`, the next to
    //! come.
    void reset(int64_t position, size_t zeros)
    {
        d_base = position - static_cast<int64_t>(zeros);
        d_count = zeros;
        std::fill(d_samples.begin(), d_samples.begin() + zeros, gr_complex(0));
    }

    //! Position one past the last sample.
    int64_t end() const { return d_base + static_cast<int64_t>(d_count); }

    const gr_complex* at(int64_t position) const { return &d_samples[position - d_base]; }

    //! Appends samples (zeros where `in` is null), dropping those before `oldest` when
    //! room is short; returns how many were taken, at least one.
    size_t append(const gr_complex* in, size_t count, int64_t oldest)
    {
        if (oldest >= end()) { // windows further apart than they are long
            const size_t skipped = std::min<uint64_t>(count, oldest - end());
            d_base = end() + static_cast<int64_t>(skipped);
            d_count = 0;
            if (skipped > 0)
                return skipped;
        }
        if (d_count == d_samples.size())
            drop(oldest);
        const size_t taken = std::min(count, d_samples.size() - d_count);
        gr_complex* to = d_samples.data() + d_count;
        if (in)
            std::copy(in, in + taken, to);
        else
            std::fill(to, to + taken, gr_complex(0));
        d_count += taken;
        return taken;
    }

private:
    void drop(int64_t oldest)
    {
        const size_t gone = oldest - d_base;
        std::copy(
            d_samples.begin() + gone, d_samples.begin() + d_count, d_samples.begin());
        d_base = oldest;
        d_count -= gone;
    }

    std::vector<gr_complex> d_samples;
    int64_t d_base = 0;
    size_t d_count = 0;
};

} // namespace kernel
} // namespace sentinel
} // namespace gr
