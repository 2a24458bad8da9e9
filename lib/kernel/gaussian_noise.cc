/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "unit_circle.h"

#include <gnuradio/sentinel/kernel/gaussian_noise.h>

#include <algorithm>
#include <cmath>

namespace gr {
namespace sentinel {
namespace kernel {

namespace {
constexpr size_t lanes = gaussian_noise::lanes;
typedef uint64_t words __attribute__((vector_size(8 * lanes)));
static_assert(lanes == 8, "as wide as turns8");

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

//! ln of positive normal numbers: the exponent, and a polynomial on sqrt(1/2) to sqrt(2),
//! a least-squares fit at Chebyshev nodes with errors below 2e-7.
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

// Box and Muller's transform; -ln u is the power of a sample, exponential with mean 1.
SENTINEL_VECTOR_CLONES
void fill(uint64_t* state, gr_complex* out, size_t blocks)
{
    constexpr float scale = 1.0f / 4294967296.0f;
    words s[4], bits;
    std::memcpy(s, state, sizeof(s));
    for (size_t b = 0; b < blocks; b++, out += lanes) {
        next(s, bits);
        const turns8 high = __builtin_convertvector(bits >> 32, turns8);
        // By halves, which floats hold exactly: small numbers keep all their bits.
        const float8 uniform =
            (__builtin_convertvector((int8)(high >> 16), float8) * 65536.0f +
             (__builtin_convertvector((int8)(high & 0xffffu), float8) + 0.5f)) *
            scale;
        float8 log_uniform, cosine, sine;
        natural_log(uniform, log_uniform);
        unit_circle(__builtin_convertvector(bits, turns8), cosine, sine);
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
