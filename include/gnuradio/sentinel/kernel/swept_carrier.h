/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gnuradio/gr_complex.h>
#include <gnuradio/sentinel/api.h>

#include <cstddef>
#include <cstdint>
#include <random>
#include <vector>

namespace gr {
namespace sentinel {
namespace kernel {

//! A carrier that sweeps between two frequencies again and again.
struct SENTINEL_API sweep {
    enum class form { up, down, triangle };

    double low, high;    //!< cycles per fast sample, in -0.5 .. 0.5
    double period;       //!< fast samples
    double jitter = 0.0; //!< standard deviation of a sweep's length, part of the period
    form shape = form::up;
    bool coherent = true; //!< the phase goes on; else each sweep begins with a random one
};

/*!
 * \brief A fast sweep as a receiver of a much narrower band hears it.
 *
 * Made at `factor` times the output rate, phase by phase increments kept to 2^-64 of a
 * turn, filtered by `taps` (real, at the fast rate) and decimated in one pass; sweeps
 * begin between samples. A triangle goes up and down within a period. Jitter stretches a
 * sweep between the same limits, by at most half. Cost: about 1 ns a fast sample.
 */
class SENTINEL_API swept_carrier
{
public:
    //! Raises std::invalid_argument for values outside the ranges above.
    swept_carrier(const sweep& what,
                  size_t factor,
                  const std::vector<float>& taps,
                  uint64_t seed);

    //! Fills `out` with `count` new samples.
    void generate(gr_complex* out, size_t count);

private:
    static constexpr size_t d_block = 256; //!< outputs at a time

    void begin_ramp();
    void fill(float* re, float* im, size_t count);

    const sweep d_sweep;
    const size_t d_factor;
    std::vector<float> d_weights; //!< reversed taps, zeros in front to whole vectors
    std::vector<float> d_re, d_im;
    std::mt19937_64 d_random;
    std::normal_distribution<double> d_normal;
    uint64_t d_phase = 0, d_step = 0, d_bend = 0;
    size_t d_left = 0;       //!< samples of this ramp to come
    double d_boundary = 0.0; //!< where the next ramp begins, from the sample after d_left
    double d_sweep_length = 0.0; //!< of a triangle whose way down is to come
    double d_exact_phase = 0.0;  //!< at the boundary, turns
    bool d_down_next = false;
};

} // namespace kernel
} // namespace sentinel
} // namespace gr
