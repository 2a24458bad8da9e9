/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gnuradio/sentinel/api.h>

#include <cstdint>

namespace gr {
namespace sentinel {
namespace kernel {

/*!
 * \brief When the next sample is due: a sender's clock as a line over its samples.
 *
 * A Kalman filter of two states, the time of the next sample and the deviation of the
 * rate from nominal, the latter kept within +-200 ppm. Old packets fade with a memory of
 * some 200, so that a clock that drifts is followed. The noise of the stamps (the jitter)
 * is measured as the clipped mean square of what the filter could not predict.
 *
 * Time is kept as integer nanoseconds since 1970 and a small rest, so that the residual
 * of an exact clock stays below 1 us after years of samples.
 */
class SENTINEL_API time_line
{
public:
    static constexpr double max_ppm = 200;

    //! The next sample is due at time_ns; everything learned is forgotten.
    void start(int64_t time_ns, double sample_rate);

    //! The next sample is due at time_ns; rate and jitter stay.
    void step(int64_t time_ns);

    void set_sample_rate(double sample_rate);
    bool started() const { return d_started; }

    //! Seconds by which a stamp is after the sample `ahead` samples from the next one.
    double residual_s(int64_t time_ns, double ahead = 0) const;

    //! Residuals above this are no jitter: max(1 sample, 3 jitter, 3 sd of the line), s;
    //! of the second stamp a quarter of the packet.
    double tolerance_s() const;

    //! Learns from the residual of the next sample's stamp.
    void observe(double residual_s);

    //! A stamp above the tolerance has proved to be jitter.
    void observe_outlier(double residual_s);

    //! `samples` have passed, received or lost.
    void advance(double samples);

    int64_t time_ns() const;    //!< of the next sample, as tracked
    double sample_rate() const; //!< as tracked, Hz
    double rate_ppm() const;    //!< how much faster than nominal the sender samples
    //! Whether enough stamps have been seen to trust the jitter.
    bool settled() const { return d_observed >= 16; }
    double jitter_s() const; //!< standard deviation of the stamps

private:
    double noise_s() const;
    void learn_jitter(double square);

    bool d_started = false;
    double d_nominal_rate = 1;
    int64_t d_whole_ns = 0; // time of the next sample: this
    double d_rest_s = 0;    // and this
    double d_stretch = 0;   // true duration of a sample over the nominal one, less 1
    // Covariance of d_rest_s and d_stretch.
    double d_var = 0, d_cov = 0, d_stretch_var = 0;
    double d_jitter_square = 0;
    int d_observed = 0;
    double d_last_advance_s = 0;
};

} // namespace kernel
} // namespace sentinel
} // namespace gr
