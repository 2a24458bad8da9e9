/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <gnuradio/sentinel/kernel/sample_format.h>

#include <algorithm>
#include <cfloat>
#include <cmath>
#include <cstring>
#include <limits>
#include <stdexcept>
#include <type_traits>

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
              "the native formats are read in place on little-endian machines");

namespace gr {
namespace sentinel {
namespace kernel {

namespace {
// Samples at a time: the staging copy and the second look for rails stay in the L1 cache,
// and 16-bit counters inside the vector loops cannot overflow.
constexpr size_t block_samples = 1024;

uint16_t swap_bytes(uint16_t x)
{
    return __builtin_bswap16(x);
}
uint32_t swap_bytes(uint32_t x)
{
    return __builtin_bswap32(x);
}

//! Value of full scale 1.0: the largest code minus the middle.
template <typename T>
constexpr float half_range()
{
    return std::is_signed<T>::value ? std::numeric_limits<T>::max()
                                    : std::numeric_limits<T>::max() / 2.0f;
}

template <typename T>
sample_counts convert_integers(const T* in, size_t count, float* out)
{
    constexpr float middle = std::is_signed<T>::value ? 0.0f : half_range<T>();
    constexpr float scale = half_range<T>();
    // Division, not multiplication by the reciprocal: the largest code is then exactly 1.
    for (size_t i = 0; i < 2 * count; i++)
        out[i] = (static_cast<float>(in[i]) - middle) / scale;

    using U = typename std::make_unsigned<T>::type;
    // Moved by this, the two rails become 0 and 1 of the unsigned type.
    constexpr U shift = std::is_signed<T>::value ? U(U(1) << (8 * sizeof(T) - 1)) : U(0);
    uint16_t clipped = 0;
    for (size_t i = 0; i < count; i++) {
        const U re = static_cast<U>(static_cast<U>(in[2 * i]) + shift + U(1));
        const U im = static_cast<U>(static_cast<U>(in[2 * i + 1]) + shift + U(1));
        clipped = static_cast<uint16_t>(clipped + (std::min(re, im) <= U(1)));
    }
    return { clipped, 0 };
}

template <typename T>
sample_counts convert_floats(const T* in, size_t count, float* out)
{
    uint32_t nonfinite = 0;
    for (size_t i = 0; i < count; i++) {
        const float re = static_cast<float>(in[2 * i]);
        const float im = static_cast<float>(in[2 * i + 1]);
        // False for NaN too.
        const bool good = (std::fabs(re) <= FLT_MAX) & (std::fabs(im) <= FLT_MAX);
        out[2 * i] = good ? re : 0.0f;
        out[2 * i + 1] = good ? im : 0.0f;
        nonfinite += !good;
    }
    return { 0, nonfinite };
}

template <typename T>
sample_counts convert_block(const T* in, size_t count, float* out)
{
    if constexpr (std::is_floating_point<T>::value)
        return convert_floats(in, count, out);
    else
        return convert_integers(in, count, out);
}

//! Copies one channel into aligned scratch, with the byte order turned where asked.
template <typename Word>
void gather(const unsigned char* in,
            size_t count,
            size_t stride_bytes,
            bool swap,
            unsigned char* scratch)
{
    constexpr size_t sample_bytes = 2 * sizeof(Word);
    if (stride_bytes == sample_bytes)
        std::memcpy(scratch, in, count * sample_bytes);
    else
        for (size_t i = 0; i < count; i++)
            std::memcpy(scratch + i * sample_bytes, in + i * stride_bytes, sample_bytes);
    if constexpr (sizeof(Word) == 2 || sizeof(Word) == 4) {
        if (!swap)
            return;
        using U = std::conditional_t<sizeof(Word) == 2, uint16_t, uint32_t>;
        for (size_t i = 0; i < 2 * count; i++) {
            U word;
            std::memcpy(&word, scratch + i * sizeof(U), sizeof(U));
            word = swap_bytes(word);
            std::memcpy(scratch + i * sizeof(U), &word, sizeof(U));
        }
    }
}

template <typename T>
sample_counts convert(const void* native,
                      size_t count,
                      gr_complex* out,
                      size_t channel,
                      size_t channel_count,
                      bool swap)
{
    constexpr size_t sample_bytes = 2 * sizeof(T);
    const size_t stride = sample_bytes * channel_count;
    const auto* in = static_cast<const unsigned char*>(native) + channel * sample_bytes;
    alignas(32) T scratch[2 * block_samples];
    sample_counts total;
    for (size_t done = 0; done < count; done += block_samples) {
        const size_t n = std::min(block_samples, count - done);
        gather<T>(in + done * stride,
                  n,
                  stride,
                  swap,
                  reinterpret_cast<unsigned char*>(scratch));
        const auto part = convert_block(scratch, n, reinterpret_cast<float*>(out + done));
        total.clipped += part.clipped;
        total.nonfinite += part.nonfinite;
    }
    return total;
}
} // namespace

sample_format parse_sample_format(const std::string& name)
{
    static const struct {
        const char* name;
        sample_format format;
    } names[] = {
        { "cu8", sample_format::cu8 },         { "ci8", sample_format::ci8 },
        { "cs8", sample_format::ci8 },         { "cu16_le", sample_format::cu16_le },
        { "cu16", sample_format::cu16_le },    { "ci16_le", sample_format::ci16_le },
        { "ci16", sample_format::ci16_le },    { "cs16", sample_format::ci16_le },
        { "cs16_le", sample_format::ci16_le }, { "ci16_be", sample_format::ci16_be },
        { "cf32_le", sample_format::cf32_le }, { "cf32", sample_format::cf32_le },
        { "cf32_be", sample_format::cf32_be }, { "cf64_le", sample_format::cf64_le },
        { "cf64", sample_format::cf64_le },
    };
    for (const auto& entry : names)
        if (name == entry.name)
            return entry.format;
    throw std::invalid_argument("sample format '" + name +
                                "' is unknown: use cu8, ci8, cu16_le, ci16_le, ci16_be, "
                                "cf32_le, cf32_be or cf64_le");
}

const char* sample_format_name(sample_format format)
{
    switch (format) {
    case sample_format::cu8:
        return "cu8";
    case sample_format::ci8:
        return "ci8";
    case sample_format::cu16_le:
        return "cu16_le";
    case sample_format::ci16_le:
        return "ci16_le";
    case sample_format::ci16_be:
        return "ci16_be";
    case sample_format::cf32_le:
        return "cf32_le";
    case sample_format::cf32_be:
        return "cf32_be";
    case sample_format::cf64_le:
        return "cf64_le";
    }
    throw std::invalid_argument("not a sample format");
}

size_t bytes_per_sample(sample_format format)
{
    switch (format) {
    case sample_format::cu8:
    case sample_format::ci8:
        return 2;
    case sample_format::cu16_le:
    case sample_format::ci16_le:
    case sample_format::ci16_be:
        return 4;
    case sample_format::cf32_le:
    case sample_format::cf32_be:
        return 8;
    case sample_format::cf64_le:
        return 16;
    }
    throw std::invalid_argument("not a sample format");
}

bool clipping_is_known(sample_format format)
{
    return bytes_per_sample(format) <= 4;
}

sample_counts convert_samples(sample_format format,
                              const void* native,
                              size_t count,
                              gr_complex* out,
                              size_t channel,
                              size_t channel_count)
{
    if (channel >= channel_count)
        throw std::invalid_argument("channel " + std::to_string(channel) + " of " +
                                    std::to_string(channel_count) + " does not exist");
    switch (format) {
    case sample_format::cu8:
        return convert<uint8_t>(native, count, out, channel, channel_count, false);
    case sample_format::ci8:
        return convert<int8_t>(native, count, out, channel, channel_count, false);
    case sample_format::cu16_le:
        return convert<uint16_t>(native, count, out, channel, channel_count, false);
    case sample_format::ci16_le:
        return convert<int16_t>(native, count, out, channel, channel_count, false);
    case sample_format::ci16_be:
        return convert<int16_t>(native, count, out, channel, channel_count, true);
    case sample_format::cf32_le:
        return convert<float>(native, count, out, channel, channel_count, false);
    case sample_format::cf32_be:
        return convert<float>(native, count, out, channel, channel_count, true);
    case sample_format::cf64_le:
        return convert<double>(native, count, out, channel, channel_count, false);
    }
    throw std::invalid_argument("not a sample format");
}

} // namespace kernel
} // namespace sentinel
} // namespace gr
