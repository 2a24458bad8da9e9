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
 * std::normal_distribution does not give. Uniform bits come from xoshiro256++ (Blackman
 * and Vigna, 2021) seeded through splitmix64, so that seeds 0, 1, 2 ... give independent
 * streams; a pair of normals comes from Marsaglia's polar method. The sequence depends on
 * the seed alone and is the same on every machine with IEEE arithmetic up to the last bit
 * of log and sqrt.
 */
class SENTINEL_API gaussian_noise
{
public:
    explicit gaussian_noise(uint64_t seed);

    //! Fills `out` with `count` new samples.
    void generate(gr_complex* out, size_t count);

private:
    uint64_t next();
    std::array<uint64_t, 4> d_state;
};

} // namespace kernel
} // namespace sentinel
} // namespace gr
