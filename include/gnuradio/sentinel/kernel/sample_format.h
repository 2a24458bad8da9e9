/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gnuradio/gr_complex.h>
#include <gnuradio/sentinel/api.h>

#include <cstddef>
#include <cstdint>
#include <string>

namespace gr {
namespace sentinel {
namespace kernel {

/*!
 * \brief How one I/Q sample lies in a file: two interleaved components, I first.
 *
 * Names are SigMF's. The rails (smallest and largest code) and the value of full scale:
 *
 * | format             | value of a component      | range             | clipped at |
 * |--------------------|---------------------------|-------------------|-----------------|
 * | cu8                | (u - 127.5) / 127.5       | [-1, 1]           | 0, 255 | | ci8
 * | i / 127                   | [-128/127, 1]     | -128, 127       | | cu16_le | (u -
 * 32767.5) / 32767.5   | [-1, 1]           | 0, 65535        | | ci16_le, ci16_be   | i /
 * 32767                 | [-32768/32767, 1] | -32768, 32767   | | cf32, cf64 (le,be) |
 * unchanged                 | any               | not known       |
 *
 * The largest code is exactly 1.0 in every integer format, so a tone at full scale reads
 * 0 dBFS whatever the recorder used.
 */
enum class sample_format {
    cu8,
    ci8,
    cu16_le,
    ci16_le,
    ci16_be,
    cf32_le,
    cf32_be,
    cf64_le
};

/*!
 * \brief The format of a SigMF datatype name; cs8, cs16 and cs16_le are read as ci8,
 * ci16_le, and a multi-byte name without byte order as little-endian. \throws
 * std::invalid_argument for any other name
 */
SENTINEL_API sample_format parse_sample_format(const std::string& name);

//! SigMF name of a format.
SENTINEL_API const char* sample_format_name(sample_format format);

//! Bytes of one complex sample of one channel.
SENTINEL_API size_t bytes_per_sample(sample_format format);

//! True for the integer formats, where clipping can be seen.
SENTINEL_API bool clipping_is_known(sample_format format);

//! What was wrong with converted samples; a sample counts once even if both components
//! are bad.
struct sample_counts {
    uint64_t clipped = 0;
    uint64_t nonfinite = 0;
};

/*!
 * \brief Converts `count` samples of one of `channel_count` interleaved channels.
 *
 * `native` holds count * channel_count samples, not necessarily aligned. Samples with a
 * NaN or an infinity (for cf64 also what overflows a float) become 0 and are counted.
 * Denormals pass unchanged: receivers do not make them, and flushing would cost a compare
 * on each sample. Cost is that of the memory traffic for one channel (the loops
 * vectorise), a strided copy in front of it for several.
 */
SENTINEL_API sample_counts convert_samples(sample_format format,
                                           const void* native,
                                           size_t count,
                                           gr_complex* out,
                                           size_t channel = 0,
                                           size_t channel_count = 1);

} // namespace kernel
} // namespace sentinel
} // namespace gr
