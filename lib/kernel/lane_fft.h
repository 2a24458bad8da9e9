/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "aligned_floats.h"

#include <cstddef>
#include <vector>

namespace gr {
namespace sentinel {
namespace kernel {

/*!
 * \brief Eight DFTs at once, one in each lane of a vector.
 *
 * Data are 16 `size` floats: for each of `size` points eight real, then eight imaginary
 * parts. No lane ever meets another, so that any radix fills the vectors: 4 as often as
 * it divides, then 2, then the odd prime factors by their definition. There is no plan
 * to measure, hence the same bits in each run.
 */
class lane_fft
{
public:
    explicit lane_fft(size_t size);

    //! Transforms `data` in place or into `other`, which is overwritten anyway; returns
    //! the one that holds the result in natural order.
    float* run(float* data, float* other) const;

private:
    struct pass {
        size_t radix;
        size_t groups; //!< butterflies with twiddle factors of their own
        size_t stride; //!< butterflies that share them
        size_t twiddles;
        size_t roots; //!< of unity of an odd radix
    };
    void add_pass(size_t radix, size_t length, size_t stride);

    std::vector<pass> d_passes;
    std::vector<float> d_factors;
    mutable aligned_floats d_scratch; //!< points of one butterfly of a large odd radix
};

} // namespace kernel
} // namespace sentinel
} // namespace gr
