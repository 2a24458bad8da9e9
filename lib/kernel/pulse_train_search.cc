/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "vector_loops.h"

#include <gnuradio/sentinel/kernel/pulse_train_search.h>

#include <algorithm>
#include <cmath>
#include <iterator>

namespace gr {
namespace sentinel {
namespace kernel {

namespace {
// In noise the best train is among the best few tiles; more are tried only while they
// could still pass the threshold after refinement, which gains 2 dB or less but for the
// worst places.
constexpr size_t tries = 16;
constexpr size_t most_tries = 64;
constexpr float refinement_gain = 0.65f;

// Power of each cell, and the largest of each row.
SENTINEL_VECTOR_CLONES
void squared_magnitude(const gr_complex* __restrict in,
                       size_t windows,
                       size_t rows,
                       float* __restrict out,
                       float* __restrict largest)
{
    const float* parts = reinterpret_cast<const float*>(in);
    for (size_t r = 0; r < rows; r++)
        largest[r] = 0.0f;
    for (size_t w = 0; w < windows; w++, parts += 2 * rows, out += rows)
        for (size_t r = 0; r < rows; r++) {
            const float power =
                parts[2 * r] * parts[2 * r] + parts[2 * r + 1] * parts[2 * r + 1];
            out[r] = power;
            largest[r] = power > largest[r] ? power : largest[r];
        }
}

SENTINEL_VECTOR_CLONES
void multiply_rows(float* table, size_t windows, size_t rows, const float* factor)
{
    for (size_t w = 0; w < windows; w++)
        for (size_t r = 0; r < rows; r++)
            table[w * rows + r] *= factor[r];
}

// Vertex of the parabola through (-1, a), (0, b), (1, c), limited to the middle cell.
float vertex(float a, float b, float c)
{
    const float curvature = a - 2.0f * b + c;
    return curvature < 0.0f ? std::clamp(0.5f * (a - c) / curvature, -0.5f, 0.5f) : 0.0f;
}
} // namespace

pulse_train_search::pulse_train_search(const pulse_train_geometry& geometry,
                                       const std::vector<gr_complex>& pulse_template,
                                       std::shared_ptr<cell_table> table)
    : d_geometry((geometry.validate(), geometry)),
      d_noise_floor(geometry.cycle_windows(), geometry.rows),
      d_fold(geometry),
      d_correlator(geometry, pulse_template),
      d_tests(geometry, pulse_template),
      d_table(table ? std::move(table) : std::make_shared<cell_table>()),
      d_noise(geometry.rows),
      d_inverse_noise(geometry.rows)
{
    const size_t cells = geometry.cycle_windows() * geometry.rows;
    if (d_table->size() < cells)
        d_table->resize(cells);
}

void pulse_train_search::load(const gr_complex* scores, const unsigned char* filled)
{
    d_scores = scores;
    d_filled = filled;
    const size_t windows = d_geometry.cycle_windows();
    float* cells = d_table->data();
    squared_magnitude(scores, windows, d_geometry.rows, cells, d_noise.data());
    // A cycle that is mostly zeros has no noise to speak of. Limited to what single
    // precision can tell from zero beside the largest cell, sums over it stay finite.
    const float least = 1e-12f * *std::max_element(d_noise.begin(), d_noise.end());
    const size_t kept = filled ? leave_out_filled() : windows;
    d_noise_floor.estimate(cells, kept < 3 ? windows : kept, d_inverse_noise.data());
    if (kept < windows)
        squared_magnitude(scores, windows, d_geometry.rows, cells, d_noise.data());
    share_noise(d_inverse_noise.data(), d_noise.size(), d_noise.data());
    for (size_t r = 0; r < d_noise.size(); r++) {
        d_noise[r] = std::max(d_noise[r], least);
        d_inverse_noise[r] = 1.0f / d_noise[r];
    }
    multiply_rows(d_table->data(),
                  d_geometry.cycle_windows(),
                  d_geometry.rows,
                  d_inverse_noise.data());
}

// Moves the windows without a filled sample to the front of the table; the noise is
// estimated from them alone. Returns their number.
size_t pulse_train_search::leave_out_filled()
{
    const size_t rows = d_geometry.rows;
    float* cells = d_table->data();
    size_t kept = 0;
    for (size_t w = 0; w < d_geometry.cycle_windows(); w++) {
        if (d_filled[w])
            continue;
        if (kept != w)
            std::copy_n(cells + w * rows, rows, cells + kept * rows);
        kept++;
    }
    return kept;
}

bool pulse_train_search::is_filled(double start) const
{
    if (!d_filled)
        return false;
    const long last = static_cast<long>(d_geometry.cycle_windows()) - 1;
    const long before = static_cast<long>(std::floor(start / d_geometry.hop));
    return d_filled[std::clamp(before, 0L, last)] ||
           d_filled[std::clamp(before + 1, 0L, last)];
}

float pulse_train_search::noise() const
{
    std::vector<float> sorted(d_noise);
    std::nth_element(sorted.begin(), sorted.begin() + sorted.size() / 2, sorted.end());
    return sorted[sorted.size() / 2];
}

float pulse_train_search::noise_at(double frequency) const
{
    return d_noise[d_geometry.row_of(frequency)];
}

pulse_train_search::refined pulse_train_search::refine(const fold_peak& peak)
{
    const long hop = d_geometry.hop;
    const long step = std::max(1L, static_cast<long>(d_geometry.window) / 8);
    const double spacing = 1.0 / d_geometry.rows;
    const long origin = static_cast<long>(peak.start) * hop;
    refined best{ 0, static_cast<double>(peak.row) / d_geometry.rows - 0.5, 0.0f, 1.0 };
    d_correlator.gather(d_scores, origin);

    const auto try_at = [&](long shift, double frequency) {
        if (std::labs(shift) > d_correlator.reach())
            return;
        const float power = d_correlator.power(shift);
        if (power > best.power)
            best = { shift, frequency, power, 1.0 };
    };
    // Time and frequency of a pulse hardly depend on each other, so they take turns.
    const double row_frequency = best.frequency;
    d_correlator.tune(row_frequency);
    for (long shift = -hop; shift <= hop; shift += step)
        try_at(shift, row_frequency);
    for (const double rows : { -0.7, -0.35, 0.35, 0.7 }) {
        const double frequency = std::clamp(
            row_frequency + rows * spacing, d_geometry.lowest, d_geometry.highest);
        d_correlator.tune(frequency);
        try_at(best.start, frequency);
    }
    d_correlator.tune(best.frequency);
    const long middle = best.start;
    for (const long shift : { middle - step / 2, middle + step / 2 })
        try_at(shift, best.frequency);
    best.start += origin;
    return best;
}

void pulse_train_search::polish(refined& train)
{
    const double step = 0.12 / d_geometry.window;
    d_correlator.gather(d_scores, train.start);
    long shift = 0;
    for (int round = 0; round < 3; round++) {
        float around[3];
        for (int i = 0; i < 3; i++) {
            d_correlator.tune(train.frequency + (i - 1) * step);
            around[i] = d_correlator.power(shift);
        }
        train.frequency += step * vertex(around[0], around[1], around[2]);
        d_correlator.tune(train.frequency);
        float best = d_correlator.power(shift);
        for (int direction : { -1, 1 })
            while (std::labs(shift + direction) <= d_correlator.reach()) {
                const float power = d_correlator.power(shift + direction);
                if (power <= best)
                    break;
                best = power;
                shift += direction;
            }
    }
    train.frequency = std::clamp(train.frequency, -0.5, 0.5);
    train.start += shift;
    d_correlator.gather(d_scores, train.start);
    train.power = d_correlator.power(0L);
    stretch(train);
}

// A tag whose interval is up to 0.6 % off shows some of its pulses only; where another
// interval explains clearly more power, the train is described by that one. The score
// that was compared with the threshold stays.
void pulse_train_search::stretch(refined& train)
{
    constexpr float clearly = 1.2f;
    const long step = std::max(1L, static_cast<long>(d_geometry.window) / 8);
    const double half_span = 0.5 * (d_geometry.pulses - 1) * d_geometry.interval_samples;
    refined best = train;
    best.power *= clearly;
    for (int permille = -6; permille <= 6; permille++) {
        // About the middle of the train, which stays where it is.
        const double stretch = 1.0 + 1e-3 * permille;
        const long start = std::lround(train.start - half_span * (stretch - 1.0));
        d_correlator.gather(d_scores, start, stretch);
        for (long s = -d_correlator.reach(); s <= d_correlator.reach(); s += step) {
            const float power = d_correlator.power(s);
            if (power > best.power)
                best = { start + s, train.frequency, power, stretch };
        }
    }
    if (best.stretch != 1.0)
        train = best;
    d_correlator.gather(d_scores, train.start, train.stretch);
}

pulse_train pulse_train_search::describe(const refined& train, float score)
{
    // A pulse that stands out on its own is placed on its own; others are where the train
    // is.
    constexpr float stands_out = 12.0f;
    pulse_train found;
    found.start = train.start;
    found.frequency = train.frequency;
    found.interval = d_geometry.interval_samples * train.stretch;
    found.score = score;
    found.noise = noise_at(train.frequency);
    const long reach = d_geometry.window / 2;
    for (unsigned k = 0; k < d_geometry.pulses; k++) {
        long shift = 0;
        float power = d_correlator.power(k, 0);
        found.pulse_scores.push_back(power / found.noise);
        if (power > stands_out * found.noise)
            for (long s = -reach; s <= reach; s++)
                if (d_correlator.power(k, s) > power) {
                    power = d_correlator.power(k, s);
                    shift = s;
                }
        found.pulse_starts.push_back(train.start + k * found.interval + shift);
        found.pulse_filled.push_back(is_filled(found.pulse_starts.back()));
    }
    return found;
}

bool pulse_train_search::hides_behind(const refined& train,
                                      float score,
                                      const std::vector<pulse_train>& found,
                                      double merge) const
{
    const double simultaneous = 3.0 * d_geometry.hop;
    const double skirt = 3.0 / d_geometry.window;
    return std::any_of(found.begin(), found.end(), [&](const pulse_train& other) {
        // A train that begins one interval later is the same one.
        const double late =
            std::remainder(train.start - other.start, d_geometry.interval_samples);
        const double difference = std::abs(train.frequency - other.frequency);
        const double apart = std::min(difference, 1.0 - difference);
        if (other.reason != verdict::pulses) // the flank of what was just refused
            return apart <= skirt && score < 0.5f * other.score;
        return apart <= merge || (std::abs(late) <= simultaneous &&
                                  (apart <= skirt || score < 0.01f * other.score));
    });
}

std::vector<pulse_train> pulse_train_search::search(const gr_complex* scores,
                                                    float threshold,
                                                    size_t most,
                                                    double merge,
                                                    const unsigned char* filled)
{
    load(scores, filled);
    std::vector<pulse_train> found;
    d_best_score = 0.0f;
    size_t declared = 0, tried = 0;
    for (const auto& tile : d_fold.tiles(d_table->data(), most_tries)) {
        if (declared == most ||
            (tried++ >= tries && tile.value < refinement_gain * threshold))
            break;
        refined train = refine(d_fold.best_of(d_table->data(), tile));
        const float score = train.power / noise_at(train.frequency);
        d_best_score = std::max(d_best_score, score);
        if (score < threshold || hides_behind(train, score, found, merge))
            continue;
        polish(train);
        pulse_train described = describe(train, score);
        described.reason =
            d_tests.judge(described, threshold, d_table->data(), d_scores, d_correlator);
        declared += described.reason == verdict::pulses;
        found.push_back(std::move(described));
    }
    std::stable_sort(found.begin(), found.end(), [](const auto& a, const auto& b) {
        return a.score > b.score;
    });
    return found;
}

float pulse_train_search::maximum(const gr_complex* scores)
{
    load(scores, nullptr);
    d_best_score = 0.0f;
    for (const auto& tile : d_fold.tiles(d_table->data(), tries)) {
        const refined train = refine(d_fold.best_of(d_table->data(), tile));
        d_best_score = std::max(d_best_score, train.power / noise_at(train.frequency));
    }
    return d_best_score;
}

} // namespace kernel
} // namespace sentinel
} // namespace gr
