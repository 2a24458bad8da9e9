/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace gr {
namespace sentinel {
namespace kernel {

//! What is counted of the samples of one snapshot.
struct snapshot_tally {
    uint64_t samples = 0; //!< not filled
    uint64_t filled = 0;
    uint64_t clipped = 0;
    uint64_t lost = 0;
    double dc_i = 0, dc_q = 0; //!< removed, summed over samples
    double gain_db = NAN;      //!< last one told within it
};

//! Tallies of the snapshots in flight, by number, without allocation.
class snapshot_tallies
{
public:
    //! \param most that are in flight at once
    explicit snapshot_tallies(size_t most) : d_ring(most) {}

    snapshot_tally& of(uint64_t snapshot) { return d_ring[snapshot % d_ring.size()]; }
    void forget(uint64_t snapshot) { of(snapshot) = snapshot_tally(); }
    void clear() { d_ring.assign(d_ring.size(), snapshot_tally()); }

private:
    std::vector<snapshot_tally> d_ring;
};

} // namespace kernel
} // namespace sentinel
} // namespace gr
