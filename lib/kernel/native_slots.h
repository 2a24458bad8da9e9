/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gnuradio/sentinel/kernel/sample_format.h>

#include <cstddef>
#include <cstdint>

namespace gr {
namespace sentinel {
namespace kernel {

//! How the codes of a native type become values: (code - middle) / full_scale.
struct code_scale {
    double middle, full_scale;
};

//! True for the formats that the functions below read.
bool slots_can_be_read(sample_format format);
code_scale scale_of(sample_format format);

//! Sums of the codes of some samples, and how many of them touch a rail.
struct code_sums {
    double i, q;
    uint64_t clipped;
};

code_sums sum_codes(sample_format format, const void* samples, size_t count);

/*!
 * \brief Takes eight slots of `width` samples that follow each other into the lanes of
 * vectors.
 *
 * For each of the `width` samples of a slot there are two lines of `line` floats, real
 * and imaginary parts, whose last eight are the latest slots. What a line holds moves
 * on by eight, and the new ones become (code - subtract) / full scale. Values that are
 * not finite become 0.
 */
void take_slots(sample_format format,
                const void* samples,
                size_t width,
                double subtract_i,
                double subtract_q,
                float* lines,
                size_t line);

} // namespace kernel
} // namespace sentinel
} // namespace gr
