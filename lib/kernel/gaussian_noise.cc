/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <gnuradio/sentinel/kernel/gaussian_noise.h>

#include <cmath>

namespace gr {
namespace sentinel {
namespace kernel {

namespace {
uint64_t rotate_left(uint64_t x, int k)
{
    return (x << k) | (x >> (64 - k));
}

uint64_t splitmix64(uint64_t& x)
{
    uint64_t z = (x += 0x9e3779b97f4a7c15ULL);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
}
} // namespace

gaussian_noise::gaussian_noise(uint64_t seed)
{
    for (auto& word : d_state)
        word = splitmix64(seed);
}

uint64_t gaussian_noise::next()
{
    const uint64_t result = rotate_left(d_state[0] + d_state[3], 23) + d_state[0];
    const uint64_t t = d_state[1] << 17;
    d_state[2] ^= d_state[0];
    d_state[3] ^= d_state[1];
    d_state[1] ^= d_state[2];
    d_state[0] ^= d_state[3];
    d_state[2] ^= t;
    d_state[3] = rotate_left(d_state[3], 45);
    return result;
}

void gaussian_noise::generate(gr_complex* out, size_t count)
{
    constexpr float scale = 1.0f / 2147483648.0f; // int32 to [-1, 1)
    for (size_t i = 0; i < count; i++) {
        float u, v, s;
        do {
            const uint64_t bits = next();
            u = static_cast<float>(static_cast<int32_t>(bits)) * scale;
            v = static_cast<float>(static_cast<int32_t>(bits >> 32)) * scale;
            s = u * u + v * v;
        } while (s >= 1.0f || s == 0.0f);
        // sqrt(-2 ln s / s) gives unit variance per component; drop the 2 for unit power.
        const float radius = std::sqrt(-std::log(s) / s);
        out[i] = gr_complex(u * radius, v * radius);
    }
}

} // namespace kernel
} // namespace sentinel
} // namespace gr
