/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "vector_loops.h"

#include <gnuradio/sentinel/kernel/receiver_output.h>

#include <algorithm>
#include <cmath>

namespace gr {
namespace sentinel {
namespace kernel {

namespace {
struct weights {
    float q_from_i, q_from_q, dc_i, dc_q;
};

weights weights_of(const receiver_output& output, double scale, double middle)
{
    return { float(output.iq_gain * std::sin(output.iq_phase)),
             float(output.iq_gain * std::cos(output.iq_phase)),
             float(output.dc_i * scale + middle),
             float(output.dc_q * scale + middle) };
}

//! Short enough for the loops to stay in the cache, and for a gain counted in floats.
constexpr size_t part = 1024;

SENTINEL_VECTOR_CLONES
void receive(
    const float* in, size_t count, float gain, float slope, const weights& w, float* out)
{
    for (size_t n = 0; n < count; n++) {
        const float level = gain + slope * static_cast<float>(static_cast<int>(n));
        const float i = in[2 * n] * level, q = in[2 * n + 1] * level;
        out[2 * n] = i + w.dc_i;
        out[2 * n + 1] = w.q_from_q * q + w.q_from_i * i + w.dc_q;
    }
}

SENTINEL_VECTOR_CLONES
void round_to_bytes(const float* in, size_t count, uint8_t* out)
{
    // 2^23 + 2^22: where floats have whole steps, and rounding goes to even as rint does.
    constexpr float whole = 12582912.0f;
    for (size_t n = 0; n < count; n++) {
        const float held = std::min(std::max(in[n], 0.0f), 255.0f) + whole;
        int bits;
        std::memcpy(&bits, &held, sizeof(bits));
        out[n] = static_cast<uint8_t>(bits);
    }
}

SENTINEL_VECTOR_CLONES
size_t count_rails(const uint8_t* bytes, size_t count)
{
    unsigned railed = 0;
    for (size_t n = 0; n < count; n++) {
        // 0 and 255 alone wrap to below 2.
        const uint8_t i = bytes[2 * n] + 1, q = bytes[2 * n + 1] + 1;
        railed += (i < 2) | (q < 2);
    }
    return railed;
}
} // namespace

size_t receiver_output::to_cu8(const gr_complex* in,
                               size_t count,
                               double gain_first,
                               double gain_last,
                               uint8_t* out) const
{
    const weights w = weights_of(*this, 127.5, 127.5);
    const double slope = count ? (gain_last - gain_first) / count : 0.0;
    size_t railed = 0;
    float held[2 * part];
    for (size_t first = 0; first < count; first += part) {
        const size_t now = std::min(part, count - first);
        receive(reinterpret_cast<const float*>(in + first),
                now,
                float(127.5 * (gain_first + slope * first)),
                float(127.5 * slope),
                w,
                held);
        round_to_bytes(held, 2 * now, out + 2 * first);
        railed += count_rails(out + 2 * first, now);
    }
    return railed;
}

void receiver_output::to_cf32(const gr_complex* in,
                              size_t count,
                              double gain_first,
                              double gain_last,
                              gr_complex* out) const
{
    const weights w = weights_of(*this, 1.0, 0.0);
    const double slope = count ? (gain_last - gain_first) / count : 0.0;
    for (size_t first = 0; first < count; first += part)
        receive(reinterpret_cast<const float*>(in + first),
                std::min(part, count - first),
                float(gain_first + slope * first),
                float(slope),
                w,
                reinterpret_cast<float*>(out + first));
}

} // namespace kernel
} // namespace sentinel
} // namespace gr
