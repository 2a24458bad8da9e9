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
constexpr float tolerance = 0.1f; // of a step

// True if the component is a byte.
bool recover(float value, uint8_t& byte)
{
    const float exact = value * steps + middle;
    const float held = exact > 0.0f ? std::min(exact, 255.0f) : 0.0f; // NaN becomes 0
    byte = static_cast<uint8_t>(held + 0.5f);
    return std::fabs(exact - static_cast<float>(byte)) <= tolerance;
}
} // namespace

uint64_t recover_rtl_bytes(const gr_complex* in, size_t count, uint8_t* out)
{
    uint64_t inexact = 0;
    for (size_t i = 0; i < count; i++) {
        const bool re = recover(in[i].real(), out[2 * i]);
        const bool im = recover(in[i].imag(), out[2 * i + 1]);
        inexact += !(re & im);
    }
    return inexact;
}

} // namespace kernel
} // namespace sentinel
} // namespace gr
