/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <gnuradio/sentinel/kernel/wmatrix_stft.h>

#include <volk/volk.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>

namespace gr {
namespace sentinel {
namespace kernel {

std::vector<std::complex<double>>
wmatrix(const std::vector<std::complex<double>>& pulse_template,
        const std::vector<double>& zetas)
{
    const size_t nw = pulse_template.size();
    const size_t columns = nw * zetas.size();
    if (nw == 0 || zetas.empty())
        throw std::invalid_argument("wmatrix: template and zetas must not be empty");
    std::vector<std::complex<double>> matrix(nw * columns);
    for (size_t z = 0; z < zetas.size(); z++) {
        if (!(zetas[z] >= 0.0 && zetas[z] < 1.0))
            throw std::invalid_argument("wmatrix: zeta must be in [0, 1)");
        std::vector<std::complex<double>> spectrum(nw);
        double energy = 0.0;
        for (size_t k = 0; k < nw; k++) {
            for (size_t n = 0; n < nw; n++)
                spectrum[k] +=
                    pulse_template[n] *
                    std::polar(1.0, 2.0 * M_PI * (zetas[z] - double(k)) * n / nw);
            energy += std::norm(spectrum[k]);
        }
        if (energy == 0.0)
            throw std::invalid_argument("wmatrix: the pulse template is all zero");
        for (size_t shift = 0; shift < nw; shift++)
            for (size_t k = 0; k < nw; k++)
                matrix[((k + shift) % nw) * columns + shift * zetas.size() + z] =
                    spectrum[k] / std::sqrt(energy);
    }
    return matrix;
}

size_t fast_rows(size_t window)
{
    size_t best = 0;
    for (size_t odd : { 1, 3, 5 }) {
        size_t size = 16 * odd;
        while (5 * size < 8 * window)
            size *= 2;
        best = best == 0 ? size : std::min(best, size);
    }
    return best;
}

namespace {
size_t checked_rows(size_t window, size_t rows)
{
    if (window < 4)
        throw std::invalid_argument(
            "wmatrix_stft: a pulse needs at least 4 samples, not " +
            std::to_string(window));
    if (rows < window || rows < 16 || rows % 2 != 0)
        throw std::invalid_argument(
            "wmatrix_stft: rows must be even, at least 16 and at least the " +
            std::to_string(window) + " samples of a window, not " + std::to_string(rows));
    return rows;
}
} // namespace

wmatrix_stft::wmatrix_stft(size_t window,
                           size_t rows,
                           const std::vector<gr_complex>& pulse_template)
    : d_rows(checked_rows(window, rows)),
      d_weights(window, gr_complex(1.0f, 0.0f)),
      d_inverse_weights(window),
      d_forward(static_cast<int>(rows)),
      d_reverse(static_cast<int>(rows))
{
    if (!pulse_template.empty()) {
        if (pulse_template.size() != window)
            throw std::invalid_argument("wmatrix_stft: the pulse template must have " +
                                        std::to_string(window) + " samples, not " +
                                        std::to_string(pulse_template.size()));
        double energy = 0.0;
        float largest = 0.0f, smallest = INFINITY;
        for (const auto& sample : pulse_template) {
            energy += std::norm(sample);
            largest = std::max(largest, std::abs(sample));
            smallest = std::min(smallest, std::abs(sample));
        }
        // NaN passes by the comparisons of min and max, but not by the sum.
        if (!(largest > 0.0f && smallest >= 0.05f * largest && std::isfinite(energy)))
            throw std::invalid_argument(
                "wmatrix_stft: the pulse template must be finite and "
                "stay above 5 % of its largest magnitude");
        const float scale = std::sqrt(window / energy);
        for (size_t n = 0; n < window; n++)
            d_weights[n] = scale * std::conj(pulse_template[n]);
    }
    for (size_t n = 0; n < window; n++)
        d_inverse_weights[n] = 1.0f / (static_cast<float>(rows) * d_weights[n]);
    std::fill_n(d_forward.get_inbuf(), rows, gr_complex(0.0f, 0.0f));
}

void wmatrix_stft::transform(const gr_complex* samples, gr_complex* scores)
{
    // Beyond `window` the input buffer keeps its zeros: the transform preserves its
    // input.
    volk_32fc_x2_multiply_32fc(
        d_forward.get_inbuf(), samples, d_weights.data(), d_weights.size());
    d_forward.execute();
    const size_t half = d_rows / 2;
    std::copy_n(d_forward.get_outbuf() + half, half, scores);
    std::copy_n(d_forward.get_outbuf(), half, scores + half);
}

void wmatrix_stft::recover(const gr_complex* scores, gr_complex* samples)
{
    const size_t half = d_rows / 2;
    std::copy_n(scores, half, d_reverse.get_inbuf() + half);
    std::copy_n(scores + half, half, d_reverse.get_inbuf());
    d_reverse.execute();
    volk_32fc_x2_multiply_32fc(
        samples, d_reverse.get_outbuf(), d_inverse_weights.data(), d_weights.size());
}

} // namespace kernel
} // namespace sentinel
} // namespace gr
