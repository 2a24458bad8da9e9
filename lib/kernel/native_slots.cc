/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "native_slots.h"

#include "vector_loops.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

/*
 * Two kinds of loads do for all formats: 16-bit words that hold two bytes, and 32-bit
 * words that hold two 16-bit components or one float. Types whose zero lies elsewhere are
 * moved there by turning their sign bits.
 */
namespace gr {
namespace sentinel {
namespace kernel {

namespace {

typedef uint8_t byte32 __attribute__((vector_size(32)));
typedef uint16_t half8 __attribute__((vector_size(16)));
typedef uint16_t half16 __attribute__((vector_size(32)));
typedef uint32_t word8 __attribute__((vector_size(32)));

constexpr size_t lanes = 8;

struct affine {
    float scale, add_i, add_q;
};

// ---- sums and rails ----

constexpr bool at_rail(uint8_t code)
{
    return code == 0 || code == 255;
}
constexpr bool at_rail(int16_t code)
{
    return code == -32768 || code == 32767;
}

SENTINEL_VECTOR_CLONES
void sum_bytes(const uint8_t* in, size_t count, uint8_t flip, uint64_t* sums)
{
    // Of 16-bit lanes that take one byte at a time.
    constexpr size_t most = 256 * 16;
    size_t done = 0;
    while (done + 16 <= count) {
        const size_t until = done + std::min(most, (count - done) / 16 * 16);
        half16 low = {}, high = {}, clipped = {};
        for (; done < until; done += 16) {
            byte32 codes;
            std::memcpy(&codes, in + 2 * done, sizeof(codes));
            codes ^= flip;
            const half16 words = (half16)codes;
            low += words & 0xff;
            high += words >> 8;
            const half16 rails = (half16)(byte32)((codes + 1) <= 1);
            clipped -= (half16)(rails != 0);
        }
        for (size_t k = 0; k < 16; k++) {
            sums[0] += low[k];
            sums[1] += high[k];
            sums[2] += clipped[k];
        }
    }
    for (; done < count; done++) {
        const uint8_t i = in[2 * done] ^ flip, q = in[2 * done + 1] ^ flip;
        sums[0] += i;
        sums[1] += q;
        sums[2] += at_rail(i) || at_rail(q);
    }
}

SENTINEL_VECTOR_CLONES
void sum_words(const uint8_t* in, size_t count, uint16_t flip, int64_t* sums)
{
    constexpr size_t most = 32768 * 8; // of 16-bit values in 32-bit lanes
    size_t done = 0;
    while (done + 8 <= count) {
        const size_t until = done + std::min(most, (count - done) / 8 * 8);
        int8 low = {}, high = {}, clipped = {};
        for (; done < until; done += 8) {
            half16 codes;
            std::memcpy(&codes, in + 4 * done, sizeof(codes));
            codes ^= flip;
            const int8 words = (int8)codes;
            low += (words << 16) >> 16;
            high += words >> 16;
            const int8 rails = (int8)(half16)((codes + 0x8001) <= 1);
            clipped -= (rails != 0);
        }
        for (size_t k = 0; k < 8; k++) {
            sums[0] += low[k];
            sums[1] += high[k];
            sums[2] += clipped[k];
        }
    }
    for (; done < count; done++) {
        uint16_t codes[2];
        std::memcpy(codes, in + 4 * done, sizeof(codes));
        const auto i = static_cast<int16_t>(codes[0] ^ flip);
        const auto q = static_cast<int16_t>(codes[1] ^ flip);
        sums[0] += i;
        sums[1] += q;
        sums[2] += at_rail(i) || at_rail(q);
    }
}

//! Zero where a value is not finite: only then does x - x differ from itself.
SENTINEL_INLINE void keep_finite(float8& x)
{
    const float8 zero = x - x;
    x = (float8)((int8)x & (zero == zero));
}

SENTINEL_VECTOR_CLONES
void sum_floats(const uint8_t* in, size_t count, double* sums)
{
    constexpr size_t most = 64 * 4; // in single precision
    size_t done = 0;
    while (done + 4 <= count) {
        const size_t until = done + std::min(most, (count - done) / 4 * 4);
        float8 both = {};
        for (; done < until; done += 4) {
            float8 x;
            std::memcpy(&x, in + 8 * done, sizeof(x));
            keep_finite(x);
            both += x;
        }
        for (size_t k = 0; k < 8; k++)
            sums[k % 2] += both[k];
    }
    for (; done < count; done++) {
        float x[2];
        std::memcpy(x, in + 8 * done, sizeof(x));
        for (size_t k = 0; k < 2; k++)
            sums[k] += std::isfinite(x[k]) ? x[k] : 0.0f;
    }
}

// ---- eight slots into lanes ----

// Three times the same riffle of upper and lower half turn rows into columns.
SENTINEL_INLINE void transpose(half8 (&v)[8])
{
    constexpr half8 first = { 0, 8, 1, 9, 2, 10, 3, 11 };
    constexpr half8 second = { 4, 12, 5, 13, 6, 14, 7, 15 };
#pragma GCC unroll 3
    for (size_t round = 0; round < 3; round++) {
        half8 w[8];
#pragma GCC unroll 4
        for (size_t k = 0; k < 4; k++) {
            w[2 * k] = __builtin_shuffle(v[k], v[k + 4], first);
            w[2 * k + 1] = __builtin_shuffle(v[k], v[k + 4], second);
        }
        for (size_t k = 0; k < 8; k++)
            v[k] = w[k];
    }
}

// By shuffles within halves, then of halves, as AVX has them.
SENTINEL_INLINE void transpose(word8 (&v)[8])
{
    constexpr word8 low1 = { 0, 8, 1, 9, 4, 12, 5, 13 };
    constexpr word8 high1 = { 2, 10, 3, 11, 6, 14, 7, 15 };
    constexpr word8 low2 = { 0, 1, 8, 9, 4, 5, 12, 13 };
    constexpr word8 high2 = { 2, 3, 10, 11, 6, 7, 14, 15 };
    constexpr word8 low4 = { 0, 1, 2, 3, 8, 9, 10, 11 };
    constexpr word8 high4 = { 4, 5, 6, 7, 12, 13, 14, 15 };
    word8 a[8], b[8];
#pragma GCC unroll 4
    for (size_t k = 0; k < 8; k += 2) {
        a[k] = __builtin_shuffle(v[k], v[k + 1], low1);
        a[k + 1] = __builtin_shuffle(v[k], v[k + 1], high1);
    }
#pragma GCC unroll 2
    for (size_t k = 0; k < 8; k += 4)
#pragma GCC unroll 2
        for (size_t j = 0; j < 2; j++) {
            b[k + 2 * j] = __builtin_shuffle(a[k + j], a[k + j + 2], low2);
            b[k + 2 * j + 1] = __builtin_shuffle(a[k + j], a[k + j + 2], high2);
        }
#pragma GCC unroll 4
    for (size_t k = 0; k < 4; k++) {
        v[k] = __builtin_shuffle(b[k], b[k + 4], low4);
        v[k + 4] = __builtin_shuffle(b[k], b[k + 4], high4);
    }
}

//! Makes room for eight more values of a line.
SENTINEL_INLINE void move_on(float* to, size_t line)
{
    for (size_t k = 0; k + lanes < line; k += lanes) {
        float8 x;
        load(x, to + k + lanes);
        store(to + k, x);
    }
}

SENTINEL_INLINE void append(float* to, size_t line, const float8& values)
{
    move_on(to, line);
    store(to + line - lanes, values);
}

// The samples of a slot behind its last whole vector, one by one.
template <typename reader>
SENTINEL_INLINE void
take_rest(size_t from, size_t width, float* lines, size_t line, reader read)
{
    for (size_t r = from; r < width; r++) {
        float* to = lines + 2 * r * line;
        move_on(to, line);
        move_on(to + line, line);
        for (size_t l = 0; l < lanes; l++)
            read(l * width + r, to[line - lanes + l], to[2 * line - lanes + l]);
    }
}

SENTINEL_VECTOR_CLONES
void take_bytes(const uint8_t* in,
                size_t width,
                uint8_t flip,
                const affine& map,
                float* lines,
                size_t line)
{
    const uint16_t flips = static_cast<uint16_t>(flip * 0x0101);
    size_t r = 0;
    for (; r + 8 <= width; r += 8) {
        half8 v[8];
        for (size_t l = 0; l < lanes; l++) {
            std::memcpy(&v[l], in + 2 * (l * width + r), sizeof(half8));
            v[l] ^= flips;
        }
        transpose(v);
        float* to = lines + 2 * r * line;
        for (size_t k = 0; k < 8; k++, to += 2 * line) {
            const half8 i = v[k] & 0xff, q = v[k] >> 8;
            append(to,
                   line,
                   __builtin_convertvector(__builtin_convertvector(i, int8), float8) *
                           map.scale +
                       map.add_i);
            append(to + line,
                   line,
                   __builtin_convertvector(__builtin_convertvector(q, int8), float8) *
                           map.scale +
                       map.add_q);
        }
    }
    take_rest(r, width, lines, line, [&](size_t n, float& i, float& q) {
        i = static_cast<float>(in[2 * n] ^ flip) * map.scale + map.add_i;
        q = static_cast<float>(in[2 * n + 1] ^ flip) * map.scale + map.add_q;
    });
}

SENTINEL_VECTOR_CLONES
void take_words(const uint8_t* in,
                size_t width,
                uint16_t flip,
                const affine& map,
                float* lines,
                size_t line)
{
    const uint32_t flips = flip * 0x00010001u;
    size_t r = 0;
    for (; r + 8 <= width; r += 8) {
        word8 v[8];
        for (size_t l = 0; l < lanes; l++) {
            std::memcpy(&v[l], in + 4 * (l * width + r), sizeof(word8));
            v[l] ^= flips;
        }
        transpose(v);
        float* to = lines + 2 * r * line;
        for (size_t k = 0; k < 8; k++, to += 2 * line) {
            const int8 words = (int8)v[k];
            const int8 i = (words << 16) >> 16, q = words >> 16;
            append(to, line, __builtin_convertvector(i, float8) * map.scale + map.add_i);
            append(to + line,
                   line,
                   __builtin_convertvector(q, float8) * map.scale + map.add_q);
        }
    }
    take_rest(r, width, lines, line, [&](size_t n, float& i, float& q) {
        uint16_t codes[2];
        std::memcpy(codes, in + 4 * n, sizeof(codes));
        i = static_cast<int16_t>(codes[0] ^ flip) * map.scale + map.add_i;
        q = static_cast<int16_t>(codes[1] ^ flip) * map.scale + map.add_q;
    });
}

SENTINEL_VECTOR_CLONES
void take_floats(
    const uint8_t* in, size_t width, const affine& map, float* lines, size_t line)
{
    size_t r = 0;
    for (; r + 4 <= width; r += 4) {
        word8 v[8];
        for (size_t l = 0; l < lanes; l++)
            std::memcpy(&v[l], in + 8 * (l * width + r), sizeof(word8));
        transpose(v);
        float* to = lines + 2 * r * line;
        for (size_t k = 0; k < 8; k++, to += line) {
            float8 x = (float8)v[k];
            keep_finite(x);
            append(to, line, x + (k % 2 ? map.add_q : map.add_i));
        }
    }
    take_rest(r, width, lines, line, [&](size_t n, float& i, float& q) {
        float x[2];
        std::memcpy(x, in + 8 * n, sizeof(x));
        i = (std::isfinite(x[0]) ? x[0] : 0.0f) + map.add_i;
        q = (std::isfinite(x[1]) ? x[1] : 0.0f) + map.add_q;
    });
}

[[noreturn]] void refuse()
{
    throw std::logic_error("native_slots: not a format that can be read");
}

} // namespace

bool slots_can_be_read(sample_format format)
{
    return format == sample_format::cu8 || format == sample_format::ci8 ||
           format == sample_format::cu16_le || format == sample_format::ci16_le ||
           format == sample_format::cf32_le;
}

// Of the codes with their sign bits turned where the loops turn them.
code_scale scale_of(sample_format format)
{
    switch (format) {
    case sample_format::cu8:
        return { 127.5, 127.5 };
    case sample_format::ci8:
        return { 128, 127 };
    case sample_format::cu16_le:
        return { -0.5, 32767.5 };
    case sample_format::ci16_le:
        return { 0, 32767 };
    case sample_format::cf32_le:
        return { 0, 1 };
    default:
        refuse();
    }
}

code_sums sum_codes(sample_format format, const void* samples, size_t count)
{
    const auto* in = static_cast<const uint8_t*>(samples);
    if (format == sample_format::cf32_le) {
        double sums[2] = {};
        sum_floats(in, count, sums);
        return { sums[0], sums[1], 0 };
    }
    if (format == sample_format::cu8 || format == sample_format::ci8) {
        uint64_t sums[3] = {};
        sum_bytes(in, count, format == sample_format::ci8 ? 0x80 : 0, sums);
        return { static_cast<double>(sums[0]), static_cast<double>(sums[1]), sums[2] };
    }
    int64_t sums[3] = {};
    sum_words(in, count, format == sample_format::cu16_le ? 0x8000 : 0, sums);
    return { static_cast<double>(sums[0]),
             static_cast<double>(sums[1]),
             static_cast<uint64_t>(sums[2]) };
}

void take_slots(sample_format format,
                const void* samples,
                size_t width,
                double subtract_i,
                double subtract_q,
                float* lines,
                size_t line)
{
    const auto* in = static_cast<const uint8_t*>(samples);
    const double full_scale = scale_of(format).full_scale;
    const affine map = { static_cast<float>(1.0 / full_scale),
                         static_cast<float>(-subtract_i / full_scale),
                         static_cast<float>(-subtract_q / full_scale) };
    switch (format) {
    case sample_format::cu8:
        return take_bytes(in, width, 0, map, lines, line);
    case sample_format::ci8:
        return take_bytes(in, width, 0x80, map, lines, line);
    case sample_format::cu16_le:
        return take_words(in, width, 0x8000, map, lines, line);
    case sample_format::ci16_le:
        return take_words(in, width, 0, map, lines, line);
    case sample_format::cf32_le:
        return take_floats(in, width, map, lines, line);
    default:
        refuse();
    }
}

} // namespace kernel
} // namespace sentinel
} // namespace gr
