/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lane_rows.h"

#include "vector_loops.h"

#include <algorithm>

namespace gr {
namespace sentinel {
namespace kernel {

namespace {

constexpr size_t lanes = 8;
constexpr size_t point = 2 * lanes; // floats: real and imaginary parts
constexpr size_t sum_floats = 4 * lanes;
constexpr size_t most_calls = 64;

// `depth` is a constant where it is known, so that the loop over taps unrolls.
SENTINEL_INLINE void fold(const float* lines,
                          size_t line,
                          const float* taps,
                          size_t depth,
                          size_t width,
                          float* folded)
{
    const float* from = lines + line - lanes - (depth - 1);
    for (size_t r = 0; r < width; r++, from += 2 * line, taps += depth) {
        float8 re = {}, im = {};
        for (size_t t = 0; t < depth; t++) {
            float8 x, y;
            load(x, from + t);
            load(y, from + line + t);
            re += x * taps[t];
            im += y * taps[t];
        }
        store(folded + r * point, re);
        store(folded + r * point + lanes, im);
    }
}

SENTINEL_VECTOR_CLONES
void fold_any(const float* lines,
              size_t line,
              const float* taps,
              size_t depth,
              size_t width,
              float* folded)
{
    fold(lines, line, taps, depth, width, folded);
}

// The default, with all its places known to the compiler.
SENTINEL_VECTOR_CLONES
void fold_eight(const float* lines, const float* taps, size_t width, float* folded)
{
    fold(lines, 16, taps, 8, width, folded);
}

//! Each lane takes what its left neighbour has; the first takes the last one's.
SENTINEL_INLINE void turn(float8& to, const float8& from)
{
    constexpr int8 one_on = { 7, 0, 1, 2, 3, 4, 5, 6 };
    to = __builtin_shuffle(from, one_on);
}

SENTINEL_INLINE void place_first(float8& to, const float8& from)
{
    constexpr int8 first_from_second = { 8, 1, 2, 3, 4, 5, 6, 7 };
    to = __builtin_shuffle(to, from, first_from_second);
}

template <bool coherence, bool some>
SENTINEL_INLINE void add_rows(const float* rows,
                              size_t channels,
                              const float* keep,
                              const float* keep_product,
                              float* sums,
                              float* before,
                              float* row_sums)
{
    float8 whole = {}, kept, kept_product;
    if constexpr (some) {
        load(kept, keep);
        load(kept_product, keep_product);
    }
    for (size_t c = 0; c < channels; c++, rows += point, sums += sum_floats) {
        float8 re, im, power_sum, square_sum;
        load(re, rows);
        load(im, rows + lanes);
        load(power_sum, sums);
        load(square_sum, sums + lanes);
        float8 power = re * re + im * im;
        if constexpr (some)
            power *= kept;
        whole += power;
        store(sums, power_sum + power);
        store(sums + lanes, square_sum + power * power);
        if constexpr (coherence) {
            float8 was_re, was_im, last_re, last_im, sum_re, sum_im;
            turn(was_re, re);
            turn(was_im, im);
            load(last_re, before + c * point);
            load(last_im, before + c * point + lanes);
            if constexpr (!some) {
                store(before + c * point, was_re);
                store(before + c * point + lanes, was_im);
            }
            place_first(was_re, last_re);
            place_first(was_im, last_im);
            load(sum_re, sums + 2 * lanes);
            load(sum_im, sums + 3 * lanes);
            float8 product_re = re * was_re + im * was_im;
            float8 product_im = im * was_re - re * was_im;
            if constexpr (some) {
                product_re *= kept_product;
                product_im *= kept_product;
            }
            store(sums + 2 * lanes, sum_re + product_re);
            store(sums + 3 * lanes, sum_im + product_im);
        }
    }
    float8 row_sum;
    load(row_sum, row_sums);
    store(row_sums, row_sum + whole * whole);
}

SENTINEL_VECTOR_CLONES
void add_all(const float* rows,
             size_t channels,
             bool coherence,
             float* sums,
             float* before,
             float* row_sums)
{
    if (coherence)
        add_rows<true, false>(rows, channels, nullptr, nullptr, sums, before, row_sums);
    else
        add_rows<false, false>(rows, channels, nullptr, nullptr, sums, before, row_sums);
}

SENTINEL_VECTOR_CLONES
void add_kept(const float* rows,
              size_t channels,
              bool coherence,
              const float* keep,
              const float* keep_product,
              float* sums,
              float* before,
              float* row_sums)
{
    if (coherence)
        add_rows<true, true>(rows, channels, keep, keep_product, sums, before, row_sums);
    else
        add_rows<false, true>(rows, channels, keep, keep_product, sums, before, row_sums);
}

SENTINEL_VECTOR_CLONES
void keep_last(const float* rows, size_t channels, float* before)
{
    for (size_t v = 0; v < 2 * channels; v++) {
        float8 x, turned;
        load(x, rows + v * lanes);
        turn(turned, x);
        store(before + v * lanes, turned);
    }
}

double sum_and_clear(float* eight)
{
    double sum = 0;
    for (size_t k = 0; k < lanes; k++) {
        sum += eight[k];
        eight[k] = 0;
    }
    return sum;
}

} // namespace

lane_fold::lane_fold(const std::vector<float>& taps, size_t width)
    : d_width(width),
      d_depth(taps.size() / width),
      d_line((d_depth - 1 + lanes - 1) / lanes * lanes + lanes),
      d_taps(taps.size())
{
    for (size_t r = 0; r < width; r++)
        for (size_t t = 0; t < d_depth; t++)
            d_taps[r * d_depth + t] = taps[t * width + r];
}

void lane_fold::run(const float* lines, float* folded) const
{
    if (d_depth == 8)
        fold_eight(lines, d_taps.data(), d_width, folded);
    else
        fold_any(lines, d_line, d_taps.data(), d_depth, d_width, folded);
}

lane_sums::lane_sums(size_t channels, bool coherence)
    : d_coherence(coherence),
      d_channels(channels),
      d_sums(sum_floats * channels),
      d_before(point * channels),
      d_row_sums(lanes)
{
}

void lane_sums::add(const float* rows)
{
    add_all(rows,
            d_channels.size(),
            d_coherence,
            d_sums.data(),
            d_before.data(),
            d_row_sums.data());
    count_call();
}

void lane_sums::add_some(const float* rows, const float* keep, const float* keep_product)
{
    add_kept(rows,
             d_channels.size(),
             d_coherence,
             keep,
             keep_product,
             d_sums.data(),
             d_before.data(),
             d_row_sums.data());
    count_call();
}

void lane_sums::remember(const float* rows)
{
    if (d_coherence)
        keep_last(rows, d_channels.size(), d_before.data());
}

void lane_sums::count_call()
{
    if (++d_calls == most_calls)
        collect();
}

void lane_sums::collect()
{
    float* sums = d_sums.data();
    for (auto& c : d_channels) {
        c.power += sum_and_clear(sums);
        c.square += sum_and_clear(sums + lanes);
        c.product_re += sum_and_clear(sums + 2 * lanes);
        c.product_im += sum_and_clear(sums + 3 * lanes);
        sums += sum_floats;
    }
    d_row_square += sum_and_clear(d_row_sums.data());
    d_calls = 0;
}

void lane_sums::clear()
{
    collect();
    std::fill(d_channels.begin(), d_channels.end(), channel());
    d_row_square = 0;
}

} // namespace kernel
} // namespace sentinel
} // namespace gr
