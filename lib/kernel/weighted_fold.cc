/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "weighted_fold.h"

#include "vector_loops.h"

#include <algorithm>

namespace gr {
namespace sentinel {
namespace kernel {

namespace {

constexpr size_t strip = 8; // complex values of one window kept in registers

struct geometry {
    const float* weights;
    size_t taps, fft_size, length, stride;
};

// Taps from i on, fewer than a strip: not read as a vector, because what lies past the
// window belongs to the future.
__attribute__((noinline)) void
add_remainder(const geometry& g, size_t i, const float* samples, float* out)
{
    for (size_t k = 2 * i; k < 2 * g.taps; k++)
        out[k - 2 * i] += g.weights[k] * samples[k];
}

template <size_t windows>
SENTINEL_INLINE void
fold(const geometry& g, const float* samples, size_t hop, float* folded)
{
    for (size_t r = 0; r < g.length; r += strip) {
        float8 low[windows], high[windows];
#pragma GCC unroll 4
        for (size_t n = 0; n < windows; n++)
            low[n] = high[n] = float8{};
        size_t i = r;
        // The last strip reads past fft_size into the next row; those sums are never
        // used.
        for (; i + strip <= g.taps; i += g.fft_size) {
            float8 w0, w1;
            load(w0, g.weights + 2 * i);
            load(w1, g.weights + 2 * i + 8);
#pragma GCC unroll 4
            for (size_t n = 0; n < windows; n++) {
                float8 x0, x1;
                load(x0, samples + 2 * (i + n * hop));
                load(x1, samples + 2 * (i + n * hop) + 8);
                low[n] += w0 * x0;
                high[n] += w1 * x1;
            }
        }
#pragma GCC unroll 4
        for (size_t n = 0; n < windows; n++) {
            store(folded + 2 * (n * g.stride + r), low[n]);
            store(folded + 2 * (n * g.stride + r) + 8, high[n]);
        }
        for (; i < g.taps; i += g.fft_size)
            for (size_t n = 0; n < windows; n++)
                add_remainder(
                    g, i, samples + 2 * n * hop, folded + 2 * (n * g.stride + r));
    }
}

SENTINEL_VECTOR_CLONES
void fold_one(const geometry& g, const float* samples, float* folded)
{
    fold<1>(g, samples, 0, folded);
}

SENTINEL_VECTOR_CLONES
void fold_four(const geometry& g, const float* samples, size_t hop, float* folded)
{
    fold<weighted_fold::batch>(g, samples, hop, folded);
}

} // namespace

weighted_fold::weighted_fold(const std::vector<float>& taps, size_t fft_size)
    : d_fft_size(fft_size), d_length(std::min(taps.size(), fft_size))
{
    d_weights.reserve(2 * taps.size());
    for (auto tap = taps.rbegin(); tap != taps.rend(); ++tap)
        d_weights.insert(d_weights.end(), 2, *tap);
}

void weighted_fold::one(const gr_complex* samples, gr_complex* folded) const
{
    fold_one({ d_weights.data(), d_weights.size() / 2, d_fft_size, d_length, stride() },
             reinterpret_cast<const float*>(samples),
             reinterpret_cast<float*>(folded));
}

void weighted_fold::four(const gr_complex* samples, size_t hop, gr_complex* folded) const
{
    fold_four({ d_weights.data(), d_weights.size() / 2, d_fft_size, d_length, stride() },
              reinterpret_cast<const float*>(samples),
              hop,
              reinterpret_cast<float*>(folded));
}

} // namespace kernel
} // namespace sentinel
} // namespace gr
