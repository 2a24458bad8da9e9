/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "vector_loops.h"

#include <cstdint>

namespace gr {
namespace sentinel {
namespace kernel {

//! Eight fractions of a turn, 2^32 to the turn; they wrap as angles do.
typedef uint32_t turns8 __attribute__((vector_size(32)));

/*!
 * cos and sin of a fraction of a turn: a quarter, and polynomials within it. These are
 * least-squares fits at Chebyshev nodes, with errors below 2e-7.
 */
SENTINEL_INLINE void unit_circle(const turns8& turn, float8& cosine, float8& sine)
{
    const turns8 quarter = (turn + 0x20000000u) >> 30;
    const turns8 rest = turn - (quarter << 30); // -1/8 to 1/8 turn, wrapped
    const float8 t = __builtin_convertvector((int8)rest, float8) * (1.0f / 1073741824.0f);
    const float8 z = t * t;
    const float8 s =
        t * (((z * -0.0046021631f + 0.0796802229f) * z - 0.645963478f) * z + 1.57079632f);
    const float8 c =
        (((z * 0.000903629886f - 0.0208600704f) * z + 0.253669204f) * z - 1.23370054f) *
            z +
        1.0f;
    // Quarters 0 to 3 turn (c, s) into (c, s), (-s, c), (-c, -s), (s, -c).
    const int8 odd = (quarter & 1u) != 0u;
    const int8 half_turn = quarter >= 2u;
    const float8 x = odd ? -s : c, y = odd ? c : s;
    cosine = half_turn ? -x : x;
    sine = half_turn ? -y : y;
}

} // namespace kernel
} // namespace sentinel
} // namespace gr
