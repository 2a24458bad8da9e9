/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <gnuradio/sentinel/kernel/noise_floor.h>
#include <gnuradio/sentinel/kernel/vectorize.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace gr {
namespace sentinel {
namespace kernel {

namespace {
// Rows are worked on 16 at a time: one cache line wide, so that a lane of a long cycle
// stays in the second-level cache during the passes of the bisection.
constexpr size_t lane = 16;
constexpr float mask = 10.0f;

SENTINEL_VECTORIZE
void smooth(const float* __restrict power,
            size_t stride,
            size_t windows,
            float* __restrict out,
            float* __restrict mean)
{
    float sum[lane] = {};
    for (size_t w = 1; w + 1 < windows; w++) {
        const float* here = power + w * stride;
        for (size_t i = 0; i < lane; i++) {
            const float value =
                (here[i - stride] + here[i] + here[i + stride]) * (1.0f / 3.0f);
            out[w * lane + i] = value;
            sum[i] += value;
        }
    }
    // At the ends one neighbour is missing: the mean of two.
    const size_t last = windows - 1;
    for (size_t i = 0; i < lane; i++) {
        out[i] = 0.5f * (power[i] + power[stride + i]);
        out[last * lane + i] =
            0.5f * (power[(last - 1) * stride + i] + power[last * stride + i]);
        mean[i] = (sum[i] + out[i] + out[last * lane + i]) / windows;
    }
}

SENTINEL_VECTORIZE
void count_below(const float* __restrict values,
                 size_t windows,
                 const float* __restrict level,
                 float* __restrict count)
{
    float sum[lane] = {};
    for (size_t w = 0; w < windows; w++)
        for (size_t i = 0; i < lane; i++)
            sum[i] += values[w * lane + i] < level[i] ? 1.0f : 0.0f;
    std::copy_n(sum, lane, count);
}

SENTINEL_VECTORIZE
void masked_mean(const float* __restrict power,
                 size_t stride,
                 size_t windows,
                 const float* __restrict median,
                 float* __restrict noise)
{
    float sum[lane] = {}, count[lane] = {};
    for (size_t w = 0; w < windows; w++)
        for (size_t i = 0; i < lane; i++) {
            const float value = power[w * stride + i];
            const bool kept = value <= mask * median[i];
            sum[i] += kept ? value : 0.0f;
            count[i] += kept ? 1.0f : 0.0f;
        }
    for (size_t i = 0; i < lane; i++)
        noise[i] = std::max(count[i] > 0.0f ? sum[i] / count[i] : median[i],
                            noise_floor::smallest);
}

// The median of non-negative values lies in [0, 2 mean], by Markov's inequality. The next
// level is interpolated between the counts at both ends; every other pass halves the
// bracket instead, which bounds the number of passes where the counts are far from a
// straight line.
void median(const float* values, size_t windows, const float* mean, float* result)
{
    const float half = 0.5f * windows;
    float low[lane] = {}, low_count[lane] = {}, high[lane], high_count[lane], count[lane];
    for (size_t i = 0; i < lane; i++) {
        high[i] = 2.0f * mean[i];
        high_count[i] = static_cast<float>(windows);
        result[i] =
            0.9f * mean[i]; // where the median of three-window means of noise lies
    }
    for (int pass = 0; pass < 60; pass++) {
        count_below(values, windows, result, count);
        bool settled = true;
        for (size_t i = 0; i < lane; i++) {
            if (std::abs(count[i] - half) <= 1.0f || high[i] - low[i] <= 1e-3f * high[i])
                continue;
            settled = false;
            const bool above = count[i] > half;
            (above ? high[i] : low[i]) = result[i];
            (above ? high_count[i] : low_count[i]) = count[i];
            const float share =
                pass % 2 == 1 ? 0.5f
                              : (half - low_count[i]) / (high_count[i] - low_count[i]);
            result[i] = low[i] + share * (high[i] - low[i]);
        }
        if (settled)
            break;
    }
}
} // namespace

noise_floor::noise_floor(size_t windows, size_t rows)
    : d_windows(windows), d_rows(rows), d_smoothed(windows * lane)
{
    if (windows < 3 || rows < lane)
        throw std::invalid_argument("noise_floor: needs at least 3 windows and 16 rows");
}

void noise_floor::estimate_lane(const float* power, float* noise, size_t stride)
{
    float mean[lane] = {}, middle[lane];
    smooth(power, stride, d_windows, d_smoothed.data(), mean);
    median(d_smoothed.data(), d_windows, mean, middle);
    masked_mean(power, stride, d_windows, middle, noise);
}

void noise_floor::estimate(const float* power, float* noise)
{
    // The last lane overlaps the one before it where rows is no multiple of 16.
    for (size_t row = 0; row < d_rows; row += lane) {
        const size_t first = std::min(row, d_rows - lane);
        estimate_lane(power + first, noise + first, d_rows);
    }
}

void share_noise(const float* noise, size_t rows, float* shared)
{
    constexpr size_t reach = 4;
    constexpr float alike = 0.15f;
    for (size_t r = 0; r < rows; r++) {
        const size_t first = r < reach ? 0 : r - reach;
        const size_t last = std::min(r + reach, rows - 1);
        float sum = 0.0f, count = 0.0f;
        for (size_t i = first; i <= last; i++)
            if (std::abs(noise[i] - noise[r]) <= alike * noise[r]) {
                sum += noise[i];
                count += 1.0f;
            }
        shared[r] = sum / count;
    }
}

} // namespace kernel
} // namespace sentinel
} // namespace gr
