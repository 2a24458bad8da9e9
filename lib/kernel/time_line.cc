/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <gnuradio/sentinel/kernel/time_line.h>

#include <algorithm>
#include <cmath>

namespace gr {
namespace sentinel {
namespace kernel {

namespace {
// A little more than allowed, since a duration is the inverse of a rate.
constexpr double max_stretch = 1.005e-6 * time_line::max_ppm;
constexpr double fading = 1.005; // growth of the covariance per packet
constexpr int memory = 64;       // packets the jitter is averaged over
constexpr double clip = 4;       // standard deviations
} // namespace

void time_line::start(int64_t time_ns, double sample_rate)
{
    *this = time_line();
    d_nominal_rate = sample_rate;
    d_stretch_var = max_stretch * max_stretch;
    step(time_ns);
}

void time_line::step(int64_t time_ns)
{
    d_started = true;
    d_whole_ns = time_ns;
    d_rest_s = 0;
    d_var = noise_s() * noise_s();
    d_cov = 0;
}

void time_line::set_sample_rate(double sample_rate)
{
    d_nominal_rate = sample_rate;
}

double time_line::noise_s() const
{
    // Stamps are whole nanoseconds of whole samples at best.
    return std::max({ 1e-9, 0.02 / d_nominal_rate, jitter_s() });
}

double time_line::residual_s(int64_t time_ns, double ahead) const
{
    return 1e-9 * static_cast<double>(time_ns - d_whole_ns) - d_rest_s -
           ahead / d_nominal_rate * (1 + d_stretch);
}

double time_line::tolerance_s() const
{
    // Of the second packet's stamp nothing is known yet.
    if (d_observed == 0)
        return std::max(1 / d_nominal_rate, 0.25 * d_last_advance_s);
    // A spread measured on few packets may be far too small by chance.
    const double doubt = 1 + 4.0 / d_observed;
    return std::max({ 1 / d_nominal_rate, 3 * doubt * jitter_s(), 3 * std::sqrt(d_var) });
}

void time_line::observe(double residual_s)
{
    const double unpredicted = std::max(0.0, residual_s * residual_s - d_var - 1e-18);
    const double limit = clip * clip * (noise_s() * noise_s());
    learn_jitter(d_observed < memory / 4 ? unpredicted : std::min(unpredicted, limit));

    const double total = d_var + noise_s() * noise_s();
    const double gain = d_var / total, stretch_gain = d_cov / total;
    d_rest_s += gain * residual_s;
    d_stretch =
        std::clamp(d_stretch + stretch_gain * residual_s, -max_stretch, max_stretch);
    d_stretch_var -= stretch_gain * d_cov;
    d_cov -= gain * d_cov;
    d_var -= gain * d_var;
}

void time_line::observe_outlier(double residual_s)
{
    learn_jitter(residual_s * residual_s);
}

void time_line::learn_jitter(double square)
{
    d_observed++;
    d_jitter_square += (square - d_jitter_square) / std::min(d_observed, memory);
}

void time_line::advance(double samples)
{
    const double nominal_s = samples / d_nominal_rate;
    d_last_advance_s = nominal_s;
    d_rest_s += nominal_s * (1 + d_stretch);
    const double whole_ns = std::floor(d_rest_s * 1e9);
    d_whole_ns += static_cast<int64_t>(whole_ns);
    d_rest_s -= whole_ns * 1e-9;

    d_var += nominal_s * (2 * d_cov + nominal_s * d_stretch_var);
    d_cov += nominal_s * d_stretch_var;
    d_var *= fading;
    d_cov *= fading;
    d_stretch_var *= fading;
    if (d_stretch_var > max_stretch * max_stretch) {
        const double shrink = max_stretch / std::sqrt(d_stretch_var);
        d_cov *= shrink;
        d_stretch_var *= shrink * shrink;
    }
}

int64_t time_line::time_ns() const
{
    return d_whole_ns + static_cast<int64_t>(std::llround(d_rest_s * 1e9));
}

double time_line::sample_rate() const
{
    return d_nominal_rate / (1 + d_stretch);
}

double time_line::rate_ppm() const
{
    return 1e6 * (1 / (1 + d_stretch) - 1);
}

double time_line::jitter_s() const
{
    return std::sqrt(d_jitter_square);
}

} // namespace kernel
} // namespace sentinel
} // namespace gr
