/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fir_stage.h"

#include "vector_loops.h"

#include <algorithm>

namespace gr {
namespace sentinel {
namespace kernel {

namespace {

constexpr size_t strip = 8; // complex samples per turn: two vectors, two sums per output

template <size_t windows>
SENTINEL_INLINE void
filter(const float* weights, size_t count, const float* samples, size_t hop, float* out)
{
    float8 low[windows], high[windows];
#pragma GCC unroll 4
    for (size_t n = 0; n < windows; n++)
        low[n] = high[n] = float8{};
    for (size_t i = 0; i < 2 * count; i += 2 * strip) {
        float8 w0, w1;
        load(w0, weights + i);
        load(w1, weights + i + 8);
#pragma GCC unroll 4
        for (size_t n = 0; n < windows; n++) {
            float8 x0, x1;
            load(x0, samples + 2 * n * hop + i);
            load(x1, samples + 2 * n * hop + i + 8);
            low[n] += w0 * x0;
            high[n] += w1 * x1;
        }
    }
#pragma GCC unroll 4
    for (size_t n = 0; n < windows; n++) {
        const float8 sum = low[n] + high[n];
        out[2 * n] = (sum[0] + sum[2]) + (sum[4] + sum[6]);
        out[2 * n + 1] = (sum[1] + sum[3]) + (sum[5] + sum[7]);
    }
}

SENTINEL_VECTOR_CLONES
void filter_one(const float* weights, size_t count, const float* samples, float* out)
{
    filter<1>(weights, count, samples, 0, out);
}

SENTINEL_VECTOR_CLONES
void filter_four(
    const float* weights, size_t count, const float* samples, size_t hop, float* out)
{
    filter<4>(weights, count, samples, hop, out);
}

size_t padding_of(size_t taps)
{
    return (strip - taps % strip) % strip;
}

} // namespace

fir_stage::fir_stage(size_t factor, const std::vector<double>& taps, size_t most)
    : d_factor(factor),
      d_padding(padding_of(taps.size())),
      d_weights(2 * d_padding, 0.0f),
      // Long enough that moving what is kept to the front is rare.
      d_buffer(8 * taps.size() + most + strip)
{
    d_weights.reserve(2 * (d_padding + taps.size()));
    for (auto tap = taps.rbegin(); tap != taps.rend(); ++tap)
        d_weights.insert(d_weights.end(), 2, static_cast<float>(*tap));
    reset();
}

void fir_stage::reset()
{
    // Whole strips begin before the window: what lies there is weighted by zero, and must
    // belong to the past, since the future may hold anything.
    std::fill(d_buffer.begin(), d_buffer.begin() + d_padding, gr_complex(0));
    d_begin = 0;
    d_end = d_padding;
}

gr_complex* fir_stage::reserve(size_t count)
{
    if (d_end + count > d_buffer.size()) {
        std::copy(d_buffer.begin() + d_begin, d_buffer.begin() + d_end, d_buffer.begin());
        d_end -= d_begin;
        d_begin = 0;
    }
    return d_buffer.data() + d_end;
}

size_t fir_stage::ready() const
{
    const size_t held = d_end - d_begin, length = d_weights.size() / 2;
    return held < length ? 0 : (held - length) / d_factor + 1;
}

size_t fir_stage::run(gr_complex* out)
{
    const size_t outputs = ready(), length = d_weights.size() / 2;
    for (size_t n = 0; n < outputs;) {
        const auto* window = reinterpret_cast<const float*>(&d_buffer[d_begin]);
        auto* to = reinterpret_cast<float*>(out + n);
        const size_t windows = outputs - n >= batch ? batch : 1;
        if (windows == batch)
            filter_four(d_weights.data(), length, window, d_factor, to);
        else
            filter_one(d_weights.data(), length, window, to);
        n += windows;
        d_begin += windows * d_factor;
    }
    return outputs;
}

} // namespace kernel
} // namespace sentinel
} // namespace gr
