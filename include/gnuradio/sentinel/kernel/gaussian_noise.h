/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gnuradio/gr_complex.h>
#include <gnuradio/sentinel/api.h>

#include <array>
#include <cstddef>
#include <cstdint>

namespace gr {
namespace sentinel {
namespace kernel {

/*!
 * \brief Circular complex white Gaussian noise of unit variance, E|x|^2 = 1.
 *
 * Monte Carlo calibration needs some 10^9 samples a minute, which
 * std::normal_distribution does not give. Uniform bits come from eight xoshiro256++
 * generators side by side (Blackman and Vigna, 2021), seeded through splitmix64, so that
 * seeds 0, 1, 2 ... give independent streams; Box and Muller's transform makes a sample
 * from each 64 bits: its power is the -ln of one half, at most 22.9 times the mean, which
 * noise exceeds once in 10^10 samples; its phase is the other half.
 *
 * The sequence depends on the seed alone, and on the machine by the last bits of a float:
 * wide vector units fuse multiplications and additions.
 */
class SENTINEL_API gaussian_noise
{
public:
    static constexpr size_t lanes = 8;

    explicit gaussian_noise(uint64_t seed);

    //! Fills `out` with `count` new samples.
    void generate(gr_complex* out, size_t count);

private:
    std::array<uint64_t, 4 * lanes> d_state; // word by word, lane by lane
    std::array<gr_complex, lanes> d_rest;    // of the last block; d_kept at its end
    size_t d_kept = 0;
};

} // namespace kernel
} // namespace sentinel
} // namespace gr
