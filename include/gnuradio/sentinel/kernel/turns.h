/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gnuradio/sentinel/api.h>

#include <complex>
#include <cstdint>

namespace gr {
namespace sentinel {
namespace kernel {

/*!
 * Phases are kept in turns as 64-bit fractions: unsigned arithmetic wraps exactly, so a
 * phase after n steps is n * step with no drift but the rounding of the step, 2^-65 turn.
 * After 2^40 steps that is 2e-7 rad.
 */
//! frequency_hz * samples / rate_hz modulo one turn, rounded to 2^-64.
SENTINEL_API uint64_t turns_per_step(double frequency_hz, double samples, double rate_hz);

//! numerator / denominator modulo one turn, rounded to 2^-64.
SENTINEL_API uint64_t turns_of_fraction(uint64_t numerator, uint64_t denominator);

//! exp(-2j pi turns): turns back a signal that has advanced by `turns`.
SENTINEL_API std::complex<double> unwind(uint64_t turns);

} // namespace kernel
} // namespace sentinel
} // namespace gr
