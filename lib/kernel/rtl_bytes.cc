/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <gnuradio/sentinel/kernel/rtl_bytes.h>

#include <algorithm>
#include <cmath>

namespace gr {
namespace sentinel {
namespace kernel {

namespace {
constexpr float steps = 128.0f;
constexpr float middle = 127.4f;
constexpr float tolerance = 0.1f;      // of a step
constexpr size_t block_samples = 1024; // what was found of them stays in the L1 cache

// Two loops, since the second works on pairs and would keep the first from vectorising.
uint64_t recover_block(const float* in, size_t count, uint8_t* out)
{
    uint8_t is_off[2 * block_samples];
    for (size_t i = 0; i < 2 * count; i++) {
        const float exact = in[i] * steps + middle;
        const float above = exact > 0.0f ? exact : 0.0f; // NaN too
        const float held = above < 255.0f ? above : 255.0f;
        const int32_t nearest = static_cast<int32_t>(held + 0.5f);
        out[i] = static_cast<uint8_t>(nearest);
        is_off[i] = !(std::fabs(exact - static_cast<float>(nearest)) <= tolerance);
    }
    uint32_t inexact = 0;
    for (size_t i = 0; i < count; i++)
        inexact += is_off[2 * i] | is_off[2 * i + 1];
    return inexact;
}
} // namespace

uint64_t recover_rtl_bytes(const gr_complex* in, size_t count, uint8_t* out)
{
    const float* components = reinterpret_cast<const float*>(in);
    uint64_t inexact = 0;
    for (size_t done = 0; done < count; done += block_samples)
        inexact += recover_block(
            components + 2 * done, std::min(count - done, block_samples), out + 2 * done);
    return inexact;
}

} // namespace kernel
} // namespace sentinel
} // namespace gr
