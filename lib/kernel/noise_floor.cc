/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "vector_loops.h"

#include <gnuradio/sentinel/kernel/noise_floor.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>

namespace gr {
namespace sentinel {
namespace kernel {

namespace {
// Rows are worked on 16 at a time: one cache line wide, so that a lane of a long cycle
// stays in the second-level cache during the passes of the median.
constexpr size_t lane = 16;
constexpr float mask = 10.0f;

//! One window of a lane.
struct cells {
    float8 low, high;
};

SENTINEL_INLINE cells cells_at(const float* from)
{
    cells c;
    load(c.low, from);
    load(c.high, from + 8);
    return c;
}

SENTINEL_INLINE void put(float* to, const cells& c)
{
    store(to, c.low);
    store(to + 8, c.high);
}

// Even and odd windows are summed apart, so that one addition need not wait for the last.
SENTINEL_VECTOR_CLONES
void smooth(const float* power, size_t stride, size_t windows, float* out, float* mean)
{
    const size_t last = windows - 1;
    // At the ends one neighbour is missing: the mean of two.
    cells before = cells_at(power), here = cells_at(power + stride);
    cells sum[2] = { { 0.5f * (before.low + here.low), 0.5f * (before.high + here.high) },
                     {} };
    put(out, sum[0]);
    for (size_t w = 1; w < last; w++) {
        const cells after = cells_at(power + (w + 1) * stride);
        const cells value = { (before.low + here.low + after.low) * (1.0f / 3.0f),
                              (before.high + here.high + after.high) * (1.0f / 3.0f) };
        put(out + w * lane, value);
        sum[w % 2].low += value.low;
        sum[w % 2].high += value.high;
        before = here;
        here = after;
    }
    const cells end = { 0.5f * (before.low + here.low),
                        0.5f * (before.high + here.high) };
    put(out + last * lane, end);
    const float share = 1.0f / windows;
    put(mean,
        { (sum[0].low + sum[1].low + end.low) * share,
          (sum[0].high + sum[1].high + end.high) * share });
}

SENTINEL_VECTOR_CLONES
void count_below(const float* values, size_t windows, const float* level, float* count)
{
    const cells limit = cells_at(level);
    int8 low = {}, high = {};
    for (size_t w = 0; w < windows; w++) {
        const cells value = cells_at(values + w * lane);
        low -= value.low < limit.low; // a true comparison is -1
        high -= value.high < limit.high;
    }
    put(count,
        { __builtin_convertvector(low, float8), __builtin_convertvector(high, float8) });
}

SENTINEL_VECTOR_CLONES
void masked_mean(
    const float* power, size_t stride, size_t windows, const float* median, float* noise)
{
    const cells middle = cells_at(median);
    const float8 low_limit = mask * middle.low, high_limit = mask * middle.high;
    const float8 zero = {};
    cells sum[2] = {};
    int8 low = {}, high = {};
    for (size_t w = 0; w < windows; w++) {
        const cells value = cells_at(power + w * stride);
        const int8 keep_low = value.low <= low_limit,
                   keep_high = value.high <= high_limit;
        sum[w % 2].low += keep_low ? value.low : zero;
        sum[w % 2].high += keep_high ? value.high : zero;
        low -= keep_low;
        high -= keep_high;
    }
    float count[lane], total[lane];
    put(count,
        { __builtin_convertvector(low, float8), __builtin_convertvector(high, float8) });
    put(total, { sum[0].low + sum[1].low, sum[0].high + sum[1].high });
    for (size_t i = 0; i < lane; i++)
        noise[i] = std::max(count[i] > 0.0f ? total[i] / count[i] : median[i],
                            noise_floor::smallest);
}

// The median of non-negative values lies in [0, 2 mean], by Markov's inequality. The
// first two levels are where noise has it: three-window means of exponential power follow
// a gamma law whose median is 0.89 means and whose density there is 0.74 / mean. Then the
// level is interpolated between the counts at both ends; every other pass halves the
// bracket instead, which bounds the number of passes where the counts are far from a
// straight line.
void median(const float* values, size_t windows, const float* mean, float* result)
{
    constexpr float gamma_median = 0.89f, gamma_density = 0.74f;
    const float half = 0.5f * windows;
    float low[lane] = {}, low_count[lane] = {}, high[lane], high_count[lane], count[lane];
    for (size_t i = 0; i < lane; i++) {
        high[i] = 2.0f * mean[i];
        high_count[i] = static_cast<float>(windows);
        result[i] = gamma_median * mean[i];
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
            const float width = high[i] - low[i];
            if (pass == 0) {
                // A little too far, so that the median is between this level and the
                // next.
                const float step = 1.2f * (half - count[i]) / (gamma_density * windows);
                result[i] = std::clamp(result[i] + step * mean[i],
                                       low[i] + 0.05f * width,
                                       high[i] - 0.05f * width);
                continue;
            }
            const float share =
                pass % 3 == 0 ? 0.5f
                              : (half - low_count[i]) / (high_count[i] - low_count[i]);
            result[i] = low[i] + share * width;
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

void noise_floor::estimate_lane(const float* power, size_t windows, float* noise)
{
    float mean[lane] = {}, middle[lane];
    smooth(power, d_rows, windows, d_smoothed.data(), mean);
    median(d_smoothed.data(), windows, mean, middle);
    masked_mean(power, d_rows, windows, middle, noise);
}

void noise_floor::estimate(const float* power, float* noise)
{
    estimate(power, d_windows, noise);
}

void noise_floor::estimate(const float* power, size_t windows, float* noise)
{
    if (windows < 3 || windows > d_windows)
        throw std::invalid_argument("noise_floor: windows must be 3 .. " +
                                    std::to_string(d_windows));
    // The last lane overlaps the one before it where rows is no multiple of 16.
    for (size_t row = 0; row < d_rows; row += lane) {
        const size_t first = std::min(row, d_rows - lane);
        estimate_lane(power + first, windows, noise + first);
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
