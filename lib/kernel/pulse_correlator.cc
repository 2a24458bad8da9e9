/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <gnuradio/sentinel/kernel/pulse_correlator.h>

#include <volk/volk.h>

#include <algorithm>
#include <cmath>

namespace gr {
namespace sentinel {
namespace kernel {

pulse_correlator::pulse_correlator(const pulse_train_geometry& geometry,
                                   const std::vector<gr_complex>& pulse_template)
    : d_geometry(geometry),
      d_stft(geometry.window, geometry.rows, pulse_template),
      // A start may be one hop off its window, and a pulse's own window half a hop more;
      // a pulse is placed within half its width.
      d_reach(static_cast<long>(
          std::max(geometry.hop + geometry.hop / 2 + 1, geometry.window / 2))),
      d_segment(geometry.window + 2 * d_reach),
      d_samples(geometry.pulses * d_segment),
      d_tuned(geometry.window),
      d_window(geometry.window)
{
}

void pulse_correlator::gather(const gr_complex* scores, long start, double stretch)
{
    for (unsigned k = 0; k < d_geometry.pulses; k++) {
        const long offset = std::lround(k * stretch * d_geometry.interval_samples);
        fetch(scores, start + offset - d_reach, &d_samples[k * d_segment]);
    }
}

void pulse_correlator::fetch(const gr_complex* scores, long first, gr_complex* segment)
{
    const long hop = d_geometry.hop, window = d_geometry.window;
    const long last_window = static_cast<long>(d_geometry.cycle_windows()) - 1;
    const long end = first + static_cast<long>(d_segment);
    std::fill_n(segment, d_segment, gr_complex(0.0f, 0.0f));
    // Each window fills up to where it ends; the next one used starts at or before that.
    const long step = std::max(1L, window / hop);
    long position = std::max(first, 0L);
    for (long w = std::min(position / hop, last_window);
         position < end && w <= last_window;
         w = std::min(w + step, std::max(last_window, w + 1))) {
        d_stft.recover(scores + w * d_geometry.rows, d_window.data());
        const long stop = std::min(end, w * hop + window);
        for (; position < stop; position++)
            segment[position - first] = d_window[position - w * hop];
    }
}

void pulse_correlator::tune(double frequency)
{
    const auto& weights = d_stft.weights();
    const gr_complex step = std::polar(1.0f, static_cast<float>(-2.0 * M_PI * frequency));
    gr_complex phase(1.0f, 0.0f);
    for (size_t n = 0; n < weights.size(); n++) {
        d_tuned[n] = weights[n] * phase;
        phase *= step;
    }
}

float pulse_correlator::power(unsigned k, long shift) const
{
    gr_complex sum;
    volk_32fc_x2_dot_prod_32fc(&sum,
                               &d_samples[k * d_segment + d_reach + shift],
                               d_tuned.data(),
                               d_geometry.window);
    return std::norm(sum);
}

float pulse_correlator::power(long shift) const
{
    float sum = 0.0f;
    for (unsigned k = 0; k < d_geometry.pulses; k++)
        sum += power(k, shift);
    return sum;
}

} // namespace kernel
} // namespace sentinel
} // namespace gr
