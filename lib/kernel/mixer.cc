/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "mixer.h"

#include "vector_loops.h"

#include <gnuradio/sentinel/kernel/turns.h>

#include <algorithm>

namespace gr {
namespace sentinel {
namespace kernel {

namespace {

// (base table) in, all interleaved; with each part of the table stored twice the only
// shuffle is that of the two parts of a sample.
SENTINEL_INLINE void turn(const float8& x,
                          const float8& re,
                          const float8& im,
                          const float8& base_re,
                          const float8& base_im,
                          float8& result)
{
    const int8 swapped = { 1, 0, 3, 2, 5, 4, 7, 6 };
    const float8 sign = { -1, 1, -1, 1, -1, 1, -1, 1 };
    const float8 c = base_re * re - base_im * im;
    const float8 d = base_re * im + base_im * re;
    result = x * c + __builtin_shuffle(x, swapped) * (sign * d);
}

SENTINEL_VECTOR_CLONES
void mix(const float* in,
         const float* re,
         const float* im,
         float base_re,
         float base_im,
         size_t count,
         float* out)
{
    const float8 b = float8{} + base_re, d = float8{} + base_im;
    size_t i = 0;
    for (; i + 8 <= 2 * count; i += 8) {
        float8 x, c, s, y;
        load(x, in + i);
        load(c, re + i);
        load(s, im + i);
        turn(x, c, s, b, d, y);
        store(out + i, y);
    }
    if (i == 2 * count)
        return;
    // The rest by the same arithmetic, or results would depend on where calls begin.
    const size_t bytes = (2 * count - i) * sizeof(float);
    float8 x = {}, c = {}, s = {}, y;
    std::memcpy(&x, in + i, bytes);
    std::memcpy(&c, re + i, bytes);
    std::memcpy(&s, im + i, bytes);
    turn(x, c, s, b, d, y);
    std::memcpy(out + i, &y, bytes);
}

} // namespace

mixer::mixer() : d_re(2 * d_length, 1.0f), d_im(2 * d_length, 0.0f) {}

void mixer::set_step(uint64_t step)
{
    d_step = step;
    for (uint64_t i = 0; i < d_length; i++) {
        const std::complex<double> phasor = std::conj(unwind(i * step));
        d_re[2 * i] = d_re[2 * i + 1] = static_cast<float>(phasor.real());
        d_im[2 * i] = d_im[2 * i + 1] = static_cast<float>(phasor.imag());
    }
}

void mixer::run(uint64_t n, const gr_complex* in, size_t count, gr_complex* out) const
{
    if (!in) {
        std::fill(out, out + count, gr_complex(0));
        return;
    }
    if (d_step == 0) {
        std::copy(in, in + count, out);
        return;
    }
    for (size_t done = 0; done < count;) {
        const uint64_t index = n + done, place = index % d_length;
        const size_t part = std::min<size_t>(count - done, d_length - place);
        const std::complex<double> base = std::conj(unwind((index - place) * d_step));
        mix(reinterpret_cast<const float*>(in + done),
            &d_re[2 * place],
            &d_im[2 * place],
            static_cast<float>(base.real()),
            static_cast<float>(base.imag()),
            part,
            reinterpret_cast<float*>(out + done));
        done += part;
    }
}

} // namespace kernel
} // namespace sentinel
} // namespace gr
