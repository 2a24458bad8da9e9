/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <cmath>
#include <cstdint>

namespace gr {
namespace sentinel {
namespace kernel {

//! Turns as a 64-bit fraction, 2^64 to the turn; whole turns drop out.
inline uint64_t fraction_of_turn(double turns)
{
    // To -1/2 .. 1/2 first: what a signed integer holds.
    const double rest = turns - std::nearbyint(turns);
    return rest >= 0.5 ? uint64_t(1) << 63
                       : static_cast<uint64_t>(
                             static_cast<int64_t>(rest * 18446744073709551616.0));
}

} // namespace kernel
} // namespace sentinel
} // namespace gr
