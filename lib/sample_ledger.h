/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <cstdint>
#include <deque>

namespace gr {
namespace sentinel {

//! How many input samples of which windows were filled in or lost, for windows in use.
class sample_ledger
{
public:
    //! `samples` belong to `window` and those after it; windows must not descend.
    void note(uint64_t window, uint64_t samples)
    {
        d_entries.push_back({ window, samples });
    }

    //! Samples noted at `first` or one of the `count` windows from it on.
    uint64_t within(uint64_t first, uint64_t count) const
    {
        uint64_t sum = 0;
        for (const auto& entry : d_entries)
            if (entry.window >= first && entry.window < first + count)
                sum += entry.samples;
        return sum;
    }

    void forget_before(uint64_t window)
    {
        while (!d_entries.empty() && d_entries.front().window < window)
            d_entries.pop_front();
    }

private:
    struct entry {
        uint64_t window, samples;
    };
    std::deque<entry> d_entries;
};

} // namespace sentinel
} // namespace gr
