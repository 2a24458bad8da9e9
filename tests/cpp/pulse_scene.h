/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gnuradio/sentinel/kernel/gaussian_noise.h>
#include <gnuradio/sentinel/kernel/pulse_train.h>
#include <gnuradio/sentinel/kernel/wmatrix_stft.h>

#include <cmath>
#include <vector>

//! One cycle of unit-variance noise with pulse trains in it, for the tests of the pulse
//! kernels.
struct pulse_scene {
    gr::sentinel::kernel::pulse_train_geometry geometry;
    std::vector<gr_complex> samples;

    explicit pulse_scene(const gr::sentinel::kernel::pulse_train_geometry& g,
                         uint64_t seed = 1,
                         float noise_amplitude = 1.0f)
        : geometry(g), samples(g.cycle_samples())
    {
        gr::sentinel::kernel::gaussian_noise(seed).generate(samples.data(),
                                                            samples.size());
        for (auto& sample : samples)
            sample *= noise_amplitude;
    }

    //! A pulse every `interval` samples from `start` on; `energy` is E/N0 in unit noise.
    void add_train(double start, double interval, double frequency, double energy)
    {
        const double amplitude = std::sqrt(energy / geometry.window);
        for (int k = 0; start + k * interval < samples.size(); k++)
            for (size_t n = 0; n < geometry.window; n++) {
                const size_t at = std::lround(start + k * interval) + n;
                if (at < samples.size()) // each pulse has a phase of its own
                    samples[at] += gr_complex(
                        std::polar(amplitude, 2.0 * M_PI * frequency * n + 1.7 * k));
            }
    }

    std::vector<gr_complex> scores() const
    {
        gr::sentinel::kernel::wmatrix_stft stft(geometry.window, geometry.rows);
        std::vector<gr_complex> table(geometry.cycle_windows() * geometry.rows);
        for (size_t w = 0; w < geometry.cycle_windows(); w++)
            stft.transform(&samples[w * geometry.hop], &table[w * geometry.rows]);
        return table;
    }

    //! Power of the scores over that of a noise cell.
    std::vector<float> normalized() const
    {
        std::vector<float> power;
        for (const auto& score : scores())
            power.push_back(std::norm(score) / geometry.window);
        return power;
    }
};
