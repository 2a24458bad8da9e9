/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gnuradio/gr_complex.h>
#include <gnuradio/sentinel/api.h>
#include <gnuradio/sentinel/kernel/pulse_train.h>
#include <gnuradio/sentinel/kernel/wmatrix_stft.h>

#include <cstddef>
#include <vector>

namespace gr {
namespace sentinel {
namespace kernel {

/*!
 * \brief Matched filter of a pulse train between the cells of the table.
 *
 * A pulse that straddles two windows or two rows loses up to 4 dB on the grid. Here the
 * samples around the K pulses are recovered from the scores (wmatrix_stft::recover) and
 * correlated with the template at any sample and any frequency.
 */
class SENTINEL_API pulse_correlator
{
public:
    pulse_correlator(const pulse_train_geometry& geometry,
                     const std::vector<gr_complex>& pulse_template);

    /*!
     * \brief Fetches the samples within `reach()` of the K pulses of a train.
     *
     * \param scores cycle_windows() x rows
     * \param start first sample of the first pulse, from the cycle's first sample; what
     * lies outside the cycle reads as zero
     * \param stretch actual over nominal interval
     */
    void gather(const gr_complex* scores, long start, double stretch = 1.0);

    //! How far from the gathered start a shift may lie, samples.
    long reach() const { return d_reach; }

    //! Frequency of the following correlations, cycles per sample.
    void tune(double frequency);

    //! Power of pulse k, `shift` samples after its gathered place.
    float power(unsigned k, long shift) const;

    //! Sum of power() over the K pulses.
    float power(long shift) const;

private:
    void fetch(const gr_complex* scores, long first, gr_complex* segment);

    pulse_train_geometry d_geometry;
    wmatrix_stft d_stft;
    long d_reach;
    size_t d_segment;                  // samples gathered per pulse
    std::vector<gr_complex> d_samples; // pulses x segment
    std::vector<gr_complex> d_tuned;   // template at the present frequency
    std::vector<gr_complex> d_window;
};

} // namespace kernel
} // namespace sentinel
} // namespace gr
