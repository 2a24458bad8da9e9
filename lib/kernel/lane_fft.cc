/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lane_fft.h"

#include "vector_loops.h"

#include <gnuradio/sentinel/kernel/turns.h>

#include <algorithm>
#include <utility>

namespace gr {
namespace sentinel {
namespace kernel {

namespace {

constexpr size_t point = 16; // floats: eight lanes, real and imaginary

struct value {
    float8 re, im;
};

SENTINEL_INLINE void get(value& to, const float* from)
{
    load(to.re, from);
    load(to.im, from + 8);
}

SENTINEL_INLINE void put(float* to, const value& from)
{
    store(to, from.re);
    store(to + 8, from.im);
}

//! Writes `from` turned by a twiddle factor.
SENTINEL_INLINE void put_turned(float* to, const value& from, const float* factor)
{
    const float c = factor[0], s = factor[1];
    const float8 re = from.re * c - from.im * s;
    const float8 im = from.re * s + from.im * c;
    store(to, re);
    store(to + 8, im);
}

template <bool turned>
SENTINEL_INLINE void put_as(float* to, const value& from, const float* factor)
{
    if constexpr (turned)
        put_turned(to, from, factor);
    else
        put(to, from);
}

// One group of the Stockham pass: `stride` butterflies whose inputs lie `apart` points
// apart and whose outputs lie side by side in steps of the stride.
template <bool turned>
SENTINEL_INLINE void
four(const float* in, float* out, size_t stride, size_t apart, const float* factors)
{
    for (size_t q = 0; q < stride; q++, in += point, out += point) {
        value a, b, c, d;
        get(a, in);
        get(b, in + point * apart);
        get(c, in + 2 * point * apart);
        get(d, in + 3 * point * apart);
        const value sum_ac = { a.re + c.re, a.im + c.im };
        const value dif_ac = { a.re - c.re, a.im - c.im };
        const value sum_bd = { b.re + d.re, b.im + d.im };
        const value dif_bd = { b.re - d.re, b.im - d.im };
        put(out, { sum_ac.re + sum_bd.re, sum_ac.im + sum_bd.im });
        put_as<turned>(out + point * stride,
                       { dif_ac.re + dif_bd.im, dif_ac.im - dif_bd.re },
                       factors);
        put_as<turned>(out + 2 * point * stride,
                       { sum_ac.re - sum_bd.re, sum_ac.im - sum_bd.im },
                       factors + 2);
        put_as<turned>(out + 3 * point * stride,
                       { dif_ac.re - dif_bd.im, dif_ac.im + dif_bd.re },
                       factors + 4);
    }
}

SENTINEL_VECTOR_CLONES
void pass_of_four(
    const float* in, float* out, size_t groups, size_t stride, const float* factors)
{
    const size_t apart = groups * stride;
    four<false>(in, out, stride, apart, factors);
    for (size_t g = 1; g < groups; g++)
        four<true>(in + point * g * stride,
                   out + 4 * point * g * stride,
                   stride,
                   apart,
                   factors + 6 * g);
}

SENTINEL_VECTOR_CLONES
void pass_of_two(
    const float* in, float* out, size_t groups, size_t stride, const float* factors)
{
    for (size_t g = 0; g < groups; g++)
        for (size_t q = 0; q < stride; q++) {
            value a, b;
            get(a, in + point * (g * stride + q));
            get(b, in + point * ((g + groups) * stride + q));
            float* to = out + point * (2 * g * stride + q);
            put(to, { a.re + b.re, a.im + b.im });
            put_turned(
                to + point * stride, { a.re - b.re, a.im - b.im }, factors + 2 * g);
        }
}

SENTINEL_VECTOR_CLONES
void pass_of_odd(size_t radix,
                 const float* in,
                 float* out,
                 size_t groups,
                 size_t stride,
                 const float* factors,
                 const float* roots,
                 float* scratch)
{
    for (size_t g = 0; g < groups; g++)
        for (size_t q = 0; q < stride; q++) {
            for (size_t j = 0; j < radix; j++)
                std::memcpy(scratch + point * j,
                            in + point * ((g + j * groups) * stride + q),
                            point * sizeof(float));
            float* to = out + point * (radix * g * stride + q);
            for (size_t k = 0; k < radix; k++) {
                value sum = {};
                for (size_t j = 0, turn = 0; j < radix; j++) {
                    value x;
                    get(x, scratch + point * j);
                    const float c = roots[2 * turn], s = roots[2 * turn + 1];
                    sum.re += x.re * c - x.im * s;
                    sum.im += x.re * s + x.im * c;
                    turn = turn + k < radix ? turn + k : turn + k - radix;
                }
                if (k == 0)
                    put(to, sum);
                else
                    put_turned(to + k * point * stride,
                               sum,
                               factors + 2 * (g * (radix - 1) + k - 1));
            }
        }
}

void append_root(std::vector<float>& to, size_t numerator, size_t denominator)
{
    const auto root = unwind(turns_of_fraction(numerator, denominator));
    to.push_back(static_cast<float>(root.real()));
    to.push_back(static_cast<float>(root.imag()));
}

size_t next_radix(size_t rest)
{
    if (rest % 4 == 0)
        return 4;
    for (size_t radix = 2; radix * radix <= rest; radix++)
        if (rest % radix == 0)
            return radix;
    return rest;
}

} // namespace

lane_fft::lane_fft(size_t size) : d_scratch(point * size)
{
    for (size_t length = size, stride = 1; length > 1;) {
        const size_t radix = next_radix(length);
        add_pass(radix, length, stride);
        length /= radix;
        stride *= radix;
    }
}

void lane_fft::add_pass(size_t radix, size_t length, size_t stride)
{
    pass made = { radix, length / radix, stride, d_factors.size(), 0 };
    for (size_t g = 0; g < made.groups; g++)
        for (size_t k = 1; k < radix; k++)
            append_root(d_factors, g * k % length, length);
    made.roots = d_factors.size();
    for (size_t k = 0; k < radix; k++)
        append_root(d_factors, k, radix);
    d_passes.push_back(made);
}

float* lane_fft::run(float* data, float* other) const
{
    for (const auto& p : d_passes) {
        const float* factors = d_factors.data() + p.twiddles;
        if (p.radix == 4)
            pass_of_four(data, other, p.groups, p.stride, factors);
        else if (p.radix == 2)
            pass_of_two(data, other, p.groups, p.stride, factors);
        else
            pass_of_odd(p.radix,
                        data,
                        other,
                        p.groups,
                        p.stride,
                        factors,
                        d_factors.data() + p.roots,
                        d_scratch.data());
        std::swap(data, other);
    }
    return data;
}

} // namespace kernel
} // namespace sentinel
} // namespace gr
