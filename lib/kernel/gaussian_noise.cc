/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "vector_loops.h"

#include <gnuradio/sentinel/kernel/gaussian_noise.h>

#include <algorithm>
#include <cmath>

namespace gr {
namespace sentinel {
namespace kernel {

namespace {
constexpr size_t lanes = gaussian_noise::lanes;
typedef uint64_t words __attribute__((vector_size(8 * lanes)));
typedef uint32_t halves __attribute__((vector_size(4 * lanes)));

uint64_t splitmix64(uint64_t& x)
{
    uint64_t z = (x += 0x9e3779b97f4a7c15ULL);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
}

SENTINEL_INLINE void next(words (&state)[4], words& result)
{
    const words sum = state[0] + state[3];
    result = ((sum << 23) | (sum >> 41)) + state[0];
    const words t = state[1] << 17;
    state[2] ^= state[0];
    state[3] ^= state[1];
    state[1] ^= state[2];
    state[0] ^= state[3];
    state[2] ^= t;
    state[3] = (state[3] << 45) | (state[3] >> 19);
}

// The polynomials are least-squares fits at Chebyshev nodes, with errors below 2e-7.

//! ln of positive normal numbers: the exponent, and a polynomial on sqrt(1/2) to sqrt(2).
SENTINEL_INLINE void natural_log(const float8& x, float8& result)
{
    constexpr int root_half = 0x3f3504f3; // bits of sqrt(1/2)
    int8 bits;
    std::memcpy(&bits, &x, sizeof(bits));
    const int8 exponent = (bits - root_half) >> 23;
    const int8 mantissa = bits - (exponent << 23);
    float8 m;
    std::memcpy(&m, &mantissa, sizeof(m));
    m -= 1.0f;
    float8 p = m * 0.0874394535f - 0.143773306f;
    p = p * m + 0.149490955f;
    p = p * m - 0.16560696f;
    p = p * m + 0.199569775f;
    p = p * m - 0.250021535f;
    p = p * m + 0.333341833f;
    p = p * m - 0.49999987f;
    p = p * m + 1.0f;
    result = p * m + 0.693147181f * __builtin_convertvector(exponent, float8);
}

//! cos and sin of a 32-bit fraction of a turn: a quarter, and polynomials within it.
SENTINEL_INLINE void unit_circle(const halves& turn, float8& cosine, float8& sine)
{
    const halves quarter = (turn + 0x20000000u) >> 30;
    const halves rest = turn - (quarter << 30); // -1/8 to 1/8 turn, wrapped
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

// Box and Muller's transform; -ln u is the power of a sample, exponential with mean 1.
SENTINEL_VECTOR_CLONES
void fill(uint64_t* state, gr_complex* out, size_t blocks)
{
    constexpr float scale = 1.0f / 4294967296.0f;
    words s[4], bits;
    std::memcpy(s, state, sizeof(s));
    for (size_t b = 0; b < blocks; b++, out += lanes) {
        next(s, bits);
        const halves high = __builtin_convertvector(bits >> 32, halves);
        // By halves, which floats hold exactly: small numbers keep all their bits.
        const float8 uniform =
            (__builtin_convertvector((int8)(high >> 16), float8) * 65536.0f +
             (__builtin_convertvector((int8)(high & 0xffffu), float8) + 0.5f)) *
            scale;
        float8 log_uniform, cosine, sine;
        natural_log(uniform, log_uniform);
        unit_circle(__builtin_convertvector(bits, halves), cosine, sine);
        float power[lanes], re[lanes], im[lanes];
        store(power, -log_uniform);
        store(re, cosine);
        store(im, sine);
        for (size_t i = 0; i < lanes; i++) {
            const float radius = std::sqrt(std::max(power[i], 0.0f));
            out[i] = gr_complex(radius * re[i], radius * im[i]);
        }
    }
    std::memcpy(state, s, sizeof(s));
}
} // namespace

gaussian_noise::gaussian_noise(uint64_t seed)
{
    for (auto& word : d_state)
        word = splitmix64(seed);
}

void gaussian_noise::generate(gr_complex* out, size_t count)
{
    const size_t kept = std::min(count, d_kept);
    std::copy_n(d_rest.end() - d_kept, kept, out);
    d_kept -= kept;
    out += kept;
    count -= kept;
    fill(d_state.data(), out, count / lanes);
    out += count - count % lanes;
    count %= lanes;
    if (count == 0)
        return;
    fill(d_state.data(), d_rest.data(), 1);
    std::copy_n(d_rest.begin(), count, out);
    d_kept = lanes - count;
}

} // namespace kernel
} // namespace sentinel
} // namespace gr
