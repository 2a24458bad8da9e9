/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <gnuradio/sentinel/kernel/pulse_train_tests.h>
#include <gnuradio/sentinel/kernel/wmatrix_stft.h>

#include <algorithm>
#include <cmath>
#include <complex>
#include <numeric>

namespace gr {
namespace sentinel {
namespace kernel {

namespace {
// Regularised upper incomplete gamma function Q(n, x) for whole n: the chance that n unit
// exponentials sum to more than x.
double exponential_sum_tail(unsigned n, double x)
{
    double term = std::exp(-x), sum = term;
    for (unsigned i = 1; i < n; i++)
        sum += term *= x / i;
    return sum;
}
} // namespace

pulse_train_tests::pulse_train_tests(const pulse_train_geometry& geometry,
                                     const std::vector<gr_complex>& pulse_template)
    : d_geometry(geometry),
      d_leak(geometry.rows / 2 + 1),
      d_pulses(geometry.pulses),
      d_sorted(geometry.rows),
      d_main_lobe((3 * geometry.rows / 2 + geometry.window - 1) / geometry.window),
      d_lone_pulse_limit(0.0f)
{
    // Spectrum of the matched filter's own pulse, turned into an envelope without nulls.
    const auto weights =
        wmatrix_stft(geometry.window, geometry.rows, pulse_template).weights();
    for (size_t r = 0; r < d_leak.size(); r++) {
        std::complex<double> sum = 0.0;
        for (size_t n = 0; n < weights.size(); n++)
            sum += std::polar<double>(std::norm(weights[n]),
                                      -2.0 * M_PI * double(r * n) / geometry.rows);
        d_leak[r] = std::norm(sum) / double(geometry.window * geometry.window);
    }
    for (size_t r = d_leak.size() - 1; r-- > 0;)
        d_leak[r] = std::max(d_leak[r], d_leak[r + 1]);

    // What K-1 noise pulses around a lone strong one sum to, in one of a hundred cycles:
    // the strong one leaves the search some 40 places.
    if (geometry.pulses >= 3)
        while (exponential_sum_tail(geometry.pulses - 1, d_lone_pulse_limit) > 0.01 / 40)
            d_lone_pulse_limit += 0.05f;
}

verdict pulse_train_tests::judge(pulse_train& train,
                                 float threshold,
                                 const float* normalized,
                                 const gr_complex* scores,
                                 pulse_correlator& correlator)
{
    discount(train, normalized);
    const float sum = std::accumulate(d_pulses.begin(), d_pulses.end(), 0.0f);
    const float gross =
        std::accumulate(train.pulse_scores.begin(), train.pulse_scores.end(), 0.0f);
    train.traffic_score = traffic_score(train, normalized);
    // The pulses are placed and tuned better than the score was, so they sum to something
    // else; only the share that the discount took away counts against it.
    if (!(train.score * (sum / gross) >= threshold))
        return verdict::level;
    // One row holds about `window` times fewer independent cells than the whole table.
    if (train.traffic_score < threshold - std::log(float(d_geometry.window)))
        return verdict::traffic;
    assume_filled(train);
    if (misses_pulses(threshold))
        return verdict::missing;
    if (has_faster_train(train, scores, correlator))
        return verdict::faster;
    return verdict::pulses;
}

// Divides each pulse by the level of its window: what a click or a step raises in all
// rows, or a strong signal's side lobes in this one.
void pulse_train_tests::discount(const pulse_train& train, const float* normalized)
{
    const long last = static_cast<long>(d_geometry.cycle_windows()) - 1;
    const size_t row = d_geometry.row_of(train.frequency);
    for (size_t k = 0; k < d_pulses.size(); k++) {
        const long before =
            static_cast<long>(std::floor(train.pulse_starts[k] / d_geometry.hop));
        float level = 1.0f;
        for (long w = before; w <= before + 1; w++) {
            const float* cells = normalized + std::clamp(w, 0L, last) * d_geometry.rows;
            level = std::max({ level, window_level(cells), leakage(cells, row) });
        }
        // The spectrum of a click of a few samples peaks some 6 times above its median,
        // that of a pulse a thousand times. Where noise cannot be what raises the level,
        // ask for it.
        d_pulses[k] =
            train.pulse_scores[k] / (level * std::clamp(level / 8.0f, 1.0f, 4.0f));
    }
}

// Median over rows, 1 in noise. Up to 1.5 it may be chance (58 independent rows). A pulse
// of up to 7 samples raises half the rows itself and cannot be told from a click.
float pulse_train_tests::window_level(const float* cells)
{
    if (4 * d_main_lobe >= d_geometry.rows)
        return 1.0f;
    constexpr float by_chance = 1.5f;
    std::copy_n(cells, d_geometry.rows, d_sorted.begin());
    const auto middle = d_sorted.begin() + d_geometry.rows / 2;
    std::nth_element(d_sorted.begin(), middle, d_sorted.end());
    const float level = *middle / float(M_LN2);
    return level > by_chance ? level : 1.0f;
}

// Noise and the largest side lobe that another row may have here.
float pulse_train_tests::leakage(const float* cells, size_t row) const
{
    constexpr float negligible = 0.5f;
    float largest = 0.0f;
    for (size_t r = 0; r < d_geometry.rows; r++) {
        const size_t apart = r > row ? r - row : row - r;
        const size_t distance = std::min(apart, d_geometry.rows - apart);
        if (distance > d_main_lobe)
            largest = std::max(largest, cells[r] * d_leak[distance]);
    }
    return largest > negligible ? 1.0f + largest : 1.0f;
}

// Prices each pulse by the chance of meeting one as strong in its row off the schedule.
float pulse_train_tests::traffic_score(const pulse_train& train,
                                       const float* normalized) const
{
    // A pulse between windows and rows shows this much of its power on the grid, or more.
    constexpr float on_grid = 0.4f;
    const size_t row = d_geometry.row_of(train.frequency);
    const double guard = d_geometry.window + d_geometry.hop;
    std::vector<size_t> as_strong(d_pulses.size(), 0);
    size_t off_schedule = 0;
    for (size_t w = 0; w < d_geometry.cycle_windows(); w++) {
        const double since = static_cast<double>(w * d_geometry.hop) - train.start;
        const double nearest = std::round(since / train.interval);
        if (std::abs(since - nearest * train.interval) < guard)
            continue;
        off_schedule++;
        const float cell = normalized[w * d_geometry.rows + row];
        for (size_t k = 0; k < as_strong.size(); k++)
            as_strong[k] += cell >= on_grid * d_pulses[k];
    }
    float sum = 0.0f;
    for (size_t k = 0; k < as_strong.size(); k++) {
        const double expected = off_schedule * std::exp(-on_grid * d_pulses[k]);
        const double excess = as_strong[k] - expected;
        // Three standard deviations and one more: noise alone does not count as traffic.
        const bool traffic = excess > 3.0 * std::sqrt(expected) + 1.0;
        sum += traffic ? std::min(d_pulses[k], float(-std::log(excess / off_schedule)))
                       : d_pulses[k];
    }
    return sum;
}

// Nothing is known of a pulse in filled samples: it is taken to be as strong as the mean
// of the others.
void pulse_train_tests::assume_filled(const pulse_train& train)
{
    float sum = 0.0f, known = 0.0f;
    for (size_t k = 0; k < train.pulse_filled.size(); k++)
        if (!train.pulse_filled[k]) {
            sum += d_pulses[k];
            known += 1.0f;
        }
    for (size_t k = 0; k < train.pulse_filled.size(); k++)
        if (train.pulse_filled[k] && known > 0.0f)
            d_pulses[k] = std::max(d_pulses[k], sum / known);
}

bool pulse_train_tests::misses_pulses(float threshold) const
{
    if (d_pulses.size() < 2)
        return false;
    const float strongest = *std::max_element(d_pulses.begin(), d_pulses.end());
    const float sum = std::accumulate(d_pulses.begin(), d_pulses.end(), 0.0f);
    if (sum - strongest < d_lone_pulse_limit)
        return true;
    // A tag at a multiple of the interval, or at 4/3 or 3/2 of it, leaves out every other
    // pulse or more; a fading tag leaves out any. A train well above the threshold shows
    // its pulses one by one; 8 is what noise does not reach, so a deeper fade of a strong
    // tag passes.
    const float share = sum > 1.6f * threshold ? 0.3f : 0.18f;
    const size_t longest = std::min<size_t>(d_pulses.size(), 5);
    for (size_t multiple = 2; multiple <= longest; multiple++)
        for (size_t phase = 0; phase < multiple; phase++) {
            float on = 0.0f, off = 0.0f;
            for (size_t k = 0; k < d_pulses.size(); k++)
                (k % multiple == phase ? on : off) =
                    std::max(k % multiple == phase ? on : off, d_pulses[k]);
            if (off < std::min(share * on, 8.0f))
                return true;
        }
    return false;
}

bool pulse_train_tests::has_faster_train(const pulse_train& train,
                                         const gr_complex* scores,
                                         pulse_correlator& correlator) const
{
    const unsigned gaps = d_geometry.pulses - 1;
    if (gaps == 0)
        return false;
    // Exponential sums of this size come by chance in one of a thousand cycles or less.
    const float by_chance = gaps + 3.5f * std::sqrt(float(gaps)) + 3.0f;
    const float mean_pulse = train.score / d_geometry.pulses;
    const double stretch = train.interval / d_geometry.interval_samples;
    for (const unsigned divisor : { 2u, 3u, 5u, 7u }) {
        const double part = train.interval / divisor;
        if (part < 3.0 * d_geometry.window)
            break;
        float weakest = INFINITY;
        for (unsigned j = 1; j < divisor; j++) {
            correlator.gather(scores, std::lround(train.start + j * part), stretch);
            float sum = 0.0f;
            for (unsigned k = 0; k < gaps; k++)
                sum += correlator.power(k, 0) / train.noise;
            weakest = std::min(weakest, sum);
        }
        if (weakest > by_chance && weakest / gaps > 0.3f * mean_pulse)
            return true;
    }
    return false;
}

} // namespace kernel
} // namespace sentinel
} // namespace gr
