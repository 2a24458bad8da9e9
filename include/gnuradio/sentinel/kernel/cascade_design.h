/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gnuradio/sentinel/api.h>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace gr {
namespace sentinel {
namespace kernel {

/*!
 * \file
 * Design of a cascade of decimating low-passes, the one of the published wildlife
 * receiver: each stage of factor f is a Hamming-windowed sinc of 16 f + 1 taps with its
 * cutoff at 0.45 / f of the stage's input rate and unit gain at 0 Hz. Symmetric taps
 * delay by 8 f samples of the stage's input, exactly.
 */

//! Largest factor of a stage.
constexpr size_t cascade_largest_factor = 10;

/*!
 * Stages of a decimation: as few as possible, among those the ones whose largest factor
 * is smallest, largest first; 200 gives 8, 5, 5. Decimation 1 gives none. Throws
 * std::invalid_argument, naming the nearest decimations that can be had, where a prime
 * above 10 divides it.
 */
SENTINEL_API std::vector<size_t> cascade_factors(size_t decimation);

//! 16 f + 1 taps of a stage of factor 2 to 10.
SENTINEL_API std::vector<double> cascade_taps(size_t factor);

//! Group delay of the cascade in samples of its input.
SENTINEL_API uint64_t cascade_delay(const std::vector<size_t>& factors);

//! Signed gain at a frequency in cycles per input sample, phase of the delay taken out:
//! what reaches the output, at the frequency or folded.
SENTINEL_API double cascade_gain(const std::vector<size_t>& factors, double frequency);

//! Half-widths about the output's centre, in cycles per output sample, up to 0.5.
struct cascade_band {
    double flat;  //!< up to here the gain stays above the given loss
    double clean; //!< up to here whatever folds in stays below the given level
};

//! Where the gain is at least -loss_db and aliases are at most alias_db (negative).
SENTINEL_API cascade_band usable_band(const std::vector<size_t>& factors,
                                      double loss_db = 1.0,
                                      double alias_db = -40.0);

} // namespace kernel
} // namespace sentinel
} // namespace gr
