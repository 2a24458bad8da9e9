/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "unit_circle.h"

#include <gnuradio/sentinel/kernel/modulated_carrier.h>

#include "fraction_of_turn.h"

namespace gr {
namespace sentinel {
namespace kernel {

namespace {
constexpr size_t interval = modulated_carrier::interval;
static_assert(interval == 8, "as wide as turns8");

SENTINEL_VECTOR_CLONES
uint64_t add_carrier(uint64_t phase,
                     const double* frequency,
                     const float* amplitude,
                     size_t intervals,
                     gr_complex* out)
{
    const turns8 n = { 0, 1, 2, 3, 4, 5, 6, 7 };
    const turns8 pairs = { 0, 0, 1, 3, 6, 10, 15, 21 }; // n (n - 1) / 2
    const float8 part = { 0.f, .125f, .25f, .375f, .5f, .625f, .75f, .875f };
    for (size_t k = 0; k < intervals; k++, out += interval) {
        const uint64_t step = fraction_of_turn(frequency[k]);
        const uint64_t bend =
            fraction_of_turn((frequency[k + 1] - frequency[k]) / interval);
        const turns8 turn = (uint32_t)(phase >> 32) + (uint32_t)(step >> 32) * n +
                            (uint32_t)(bend >> 32) * pairs;
        phase += interval * step + 28 * bend;
        float8 cosine, sine;
        unit_circle(turn, cosine, sine);
        const float8 level = amplitude[k] + (amplitude[k + 1] - amplitude[k]) * part;
        float re[interval], im[interval];
        store(re, cosine * level);
        store(im, sine * level);
        float* to = reinterpret_cast<float*>(out);
        for (size_t i = 0; i < interval; i++) {
            to[2 * i] += re[i];
            to[2 * i + 1] += im[i];
        }
    }
    return phase;
}
} // namespace

modulated_carrier::modulated_carrier(double phase) : d_phase(fraction_of_turn(phase)) {}

void modulated_carrier::add(const double* frequency,
                            const float* amplitude,
                            size_t intervals,
                            gr_complex* out)
{
    d_phase = add_carrier(d_phase, frequency, amplitude, intervals, out);
}

} // namespace kernel
} // namespace sentinel
} // namespace gr
