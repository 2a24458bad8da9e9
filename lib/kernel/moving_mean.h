/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace gr {
namespace sentinel {
namespace kernel {

//! Mean of the samples of the latest blocks, as many blocks as there is room for.
class moving_mean
{
public:
    struct block {
        double i = 0, q = 0; //!< sums
        uint64_t count = 0;
    };

    explicit moving_mean(size_t blocks) : d_blocks(blocks) {}

    //! The oldest block makes room.
    void add(const block& latest)
    {
        if (d_blocks.empty())
            return;
        d_blocks[d_next] = latest;
        d_next = (d_next + 1) % d_blocks.size();
    }

    //! Sums over all blocks: added anew each time, since running sums of floats would
    //! drift.
    block total() const
    {
        block sum;
        for (const auto& one : d_blocks) {
            sum.i += one.i;
            sum.q += one.q;
            sum.count += one.count;
        }
        return sum;
    }

    void clear()
    {
        d_blocks.assign(d_blocks.size(), block());
        d_next = 0;
    }

private:
    std::vector<block> d_blocks;
    size_t d_next = 0;
};

} // namespace kernel
} // namespace sentinel
} // namespace gr
