/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gnuradio/gr_complex.h>
#include <gnuradio/sentinel/api.h>
#include <gnuradio/sentinel/kernel/pulse_train.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

namespace gr {
namespace sentinel {
namespace kernel {

/*!
 * \brief Null statistic by Monte Carlo: the strongest score of each of `trials` cycles of
 * white noise, through the same kernels as the detector.
 *
 * Trial i depends on seed and i alone, so that more trials extend the same list.
 *
 * \param keep_going asked before each trial; false ends early with fewer values
 * \return up to `trials` values of pulse_train_search::maximum
 */
SENTINEL_API std::vector<float> pulse_null_maxima(
    const pulse_train_geometry& geometry,
    const std::vector<gr_complex>& pulse_template,
    size_t trials,
    uint64_t seed,
    const std::function<bool()>& keep_going = [] { return true; });

} // namespace kernel
} // namespace sentinel
} // namespace gr
