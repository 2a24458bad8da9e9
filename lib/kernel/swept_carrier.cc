/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fraction_of_turn.h"
#include "unit_circle.h"

#include <gnuradio/sentinel/kernel/swept_carrier.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace gr {
namespace sentinel {
namespace kernel {

namespace {
constexpr size_t lanes = 8;

struct ramp_state {
    uint64_t phase, step, bend;
};

//! Whole vectors are written; what stands behind `count` is overwritten by the next ramp.
SENTINEL_VECTOR_CLONES
void fill_ramp(ramp_state& state, float* re, float* im, size_t count)
{
    const turns8 n = { 0, 1, 2, 3, 4, 5, 6, 7 };
    const turns8 pairs = { 0, 0, 1, 3, 6, 10, 15, 21 }; // n (n - 1) / 2
    uint64_t phase = state.phase, step = state.step;
    const uint64_t bend = state.bend;
    const turns8 curve = (uint32_t)(bend >> 32) * pairs;
    for (size_t i = 0; i < count; i += lanes) {
        const turns8 turn = (uint32_t)(phase >> 32) + (uint32_t)(step >> 32) * n + curve;
        float8 cosine, sine;
        unit_circle(turn, cosine, sine);
        store(re + i, cosine);
        store(im + i, sine);
        const uint64_t now = std::min(lanes, count - i);
        phase += now * step + now * (now - 1) / 2 * bend;
        step += now * bend;
    }
    state.phase = phase;
    state.step = step;
}

SENTINEL_VECTOR_CLONES
void decimate(const float* re,
              const float* im,
              const float* weights,
              size_t length,
              size_t factor,
              gr_complex* out,
              size_t count)
{
    for (size_t m = 0; m < count; m++, re += factor, im += factor) {
        float8 sum_re{}, sum_im{};
        for (size_t l = 0; l < length; l += lanes) {
            float8 h, x, y;
            load(h, weights + l);
            load(x, re + l);
            load(y, im + l);
            sum_re += h * x;
            sum_im += h * y;
        }
        float a[lanes], b[lanes];
        store(a, sum_re);
        store(b, sum_im);
        out[m] =
            gr_complex(((a[0] + a[1]) + (a[2] + a[3])) + ((a[4] + a[5]) + (a[6] + a[7])),
                       ((b[0] + b[1]) + (b[2] + b[3])) + ((b[4] + b[5]) + (b[6] + b[7])));
    }
}
} // namespace

swept_carrier::swept_carrier(const sweep& what,
                             size_t factor,
                             const std::vector<float>& taps,
                             uint64_t seed)
    : d_sweep(what), d_factor(factor), d_random(seed)
{
    if (!(what.low >= -0.5 && what.low < what.high && what.high <= 0.5))
        throw std::invalid_argument(
            "a sweep needs -0.5 <= low < high <= 0.5 cycles a sample");
    if (!(what.period >= 16.0 && what.period < 1e12))
        throw std::invalid_argument("a sweep's period must be 16 samples or more");
    if (!(what.jitter >= 0.0 && what.jitter <= 0.2))
        throw std::invalid_argument("jitter must be in 0 .. 0.2 of the period");
    if (factor < 1 || taps.empty())
        throw std::invalid_argument("a sweep needs a factor of at least 1 and a filter");
    const size_t padding = (lanes - taps.size() % lanes) % lanes;
    d_weights.assign(padding, 0.0f);
    d_weights.insert(d_weights.end(), taps.rbegin(), taps.rend());
    d_re.resize(d_weights.size() + d_block * factor + lanes);
    d_im.resize(d_re.size());
    // The sweep was there before the first sample: begin anywhere in it, the filter full.
    d_exact_phase = std::generate_canonical<double, 53>(d_random);
    std::vector<float> re(d_block + lanes), im(d_block + lanes);
    size_t ahead = std::min<double>(what.period, 1 << 20) *
                   std::generate_canonical<double, 53>(d_random);
    for (; ahead > d_block; ahead -= d_block)
        fill(re.data(), im.data(), d_block);
    fill(re.data(), im.data(), ahead);
    fill(d_re.data(), d_im.data(), d_weights.size());
}

void swept_carrier::begin_ramp()
{
    const bool triangle = d_sweep.shape == sweep::form::triangle;
    const bool down = triangle ? d_down_next : d_sweep.shape == sweep::form::down;
    if (!triangle || !down) {
        const double stretch = 1.0 + d_sweep.jitter * d_normal(d_random);
        d_sweep_length = d_sweep.period * std::clamp(stretch, 0.5, 1.5);
        if (!d_sweep.coherent)
            d_exact_phase = std::generate_canonical<double, 53>(d_random);
    }
    d_down_next = triangle && !down;
    const double length = triangle ? d_sweep_length / 2 : d_sweep_length;
    const double first = down ? d_sweep.high : d_sweep.low;
    const double slope = (down ? -1.0 : 1.0) * (d_sweep.high - d_sweep.low) / length;
    // The first sample comes `late` after the ramp has begun; the phase is the integral
    // of the frequency from there on.
    const double late = d_boundary;
    const double phase = d_exact_phase + first * late + slope * late * late / 2;
    const double frequency = first + slope * late;
    d_phase = fraction_of_turn(phase);
    d_step = fraction_of_turn(frequency + slope / 2);
    d_bend = fraction_of_turn(slope);
    const double last = length - late; // from the first sample to the end of the ramp
    d_left = static_cast<size_t>(std::ceil(last));
    d_boundary = d_left - last;
    d_exact_phase = std::fmod(d_exact_phase + (first + slope * length / 2) * length, 1.0);
}

void swept_carrier::fill(float* re, float* im, size_t count)
{
    while (count > 0) {
        if (d_left == 0)
            begin_ramp();
        const size_t now = std::min(count, d_left);
        ramp_state state{ d_phase, d_step, d_bend };
        fill_ramp(state, re, im, now);
        d_phase = state.phase;
        d_step = state.step;
        d_left -= now;
        re += now;
        im += now;
        count -= now;
    }
}

void swept_carrier::generate(gr_complex* out, size_t count)
{
    const size_t kept = d_weights.size();
    while (count > 0) {
        const size_t now = std::min(count, d_block);
        fill(d_re.data() + kept, d_im.data() + kept, now * d_factor);
        decimate(d_re.data(), d_im.data(), d_weights.data(), kept, d_factor, out, now);
        std::copy_n(d_re.begin() + now * d_factor, kept, d_re.begin());
        std::copy_n(d_im.begin() + now * d_factor, kept, d_im.begin());
        out += now;
        count -= now;
    }
}

} // namespace kernel
} // namespace sentinel
} // namespace gr
