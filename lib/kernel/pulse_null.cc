/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <gnuradio/sentinel/kernel/gaussian_noise.h>
#include <gnuradio/sentinel/kernel/pulse_null.h>
#include <gnuradio/sentinel/kernel/pulse_train_search.h>

namespace gr {
namespace sentinel {
namespace kernel {

std::vector<float> pulse_null_maxima(const pulse_train_geometry& geometry,
                                     const std::vector<gr_complex>& pulse_template,
                                     size_t trials,
                                     uint64_t seed,
                                     const std::function<bool()>& keep_going)
{
    pulse_train_search search(geometry, pulse_template);
    wmatrix_stft stft(geometry.window, geometry.rows, pulse_template);
    gaussian_noise noise(seed);
    std::vector<gr_complex> samples(geometry.cycle_samples());
    std::vector<gr_complex> scores(geometry.cycle_windows() * geometry.rows);
    std::vector<float> maxima;
    maxima.reserve(trials);
    while (maxima.size() < trials && keep_going()) {
        noise.generate(samples.data(), samples.size());
        for (size_t w = 0; w < geometry.cycle_windows(); w++)
            stft.transform(&samples[w * geometry.hop], &scores[w * geometry.rows]);
        maxima.push_back(search.maximum(scores.data()));
    }
    return maxima;
}

} // namespace kernel
} // namespace sentinel
} // namespace gr
