/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "feature_record.h"

#include <gnuradio/sentinel/kernel/channelizer_features.h>

#include <cmath>

namespace gr {
namespace sentinel {
namespace kernel {

namespace {

double share(uint64_t part, uint64_t whole)
{
    return static_cast<double>(part) / static_cast<double>(whole);
}

//! -sum q log2 q of q = power / sum of powers.
double entropy_bits(const std::vector<lane_sums::channel>& channels, double sum)
{
    double bits = sum > 0 ? 0 : NAN;
    for (const auto& c : channels)
        if (c.power > 0)
            bits -= c.power / sum * std::log2(c.power / sum);
    return bits;
}

} // namespace

void write_feature_record(const lane_sums& sums,
                          const row_counts& counts,
                          const snapshot_tally& tally,
                          bool coherence,
                          bool clipping_is_known,
                          double gain_db,
                          float* record)
{
    using features = channelizer_features;
    const auto& channels = sums.channels();
    const size_t n = channels.size();
    const double rows = static_cast<double>(counts.rows);
    const double products = static_cast<double>(counts.products);
    double all = 0;
    for (size_t k = 0; k < n; k++) {
        const auto& c = channels[(k + n / 2) % n]; // ascending frequency
        all += c.power;
        const double power = rows > 0 ? c.power / rows : 0;
        record[k] = static_cast<float>(power);
        record[n + k] = static_cast<float>(c.square / rows / (power * power));
        const double per_product = coherence ? 1 / (products * power) : NAN;
        record[2 * n + k] = static_cast<float>(c.product_re * per_product);
        record[3 * n + k] = static_cast<float>(c.product_im * per_product);
    }
    float* scalars = record + 4 * n;
    scalars[features::entropy] = static_cast<float>(entropy_bits(channels, all));
    scalars[features::row_kurtosis] =
        static_cast<float>(sums.row_square() * rows / (all * all));
    scalars[features::rows] = static_cast<float>(rows);
    scalars[features::saturated_share] =
        static_cast<float>(clipping_is_known ? share(tally.clipped, tally.samples) : NAN);
    scalars[features::filled_share] =
        static_cast<float>(share(tally.filled, tally.filled + tally.samples));
    scalars[features::lost_samples] = static_cast<float>(tally.lost);
    scalars[features::gain_db] = static_cast<float>(gain_db);
    const double weight = tally.samples > 0 ? 1 / static_cast<double>(tally.samples) : 0;
    scalars[features::dc_i] = static_cast<float>(tally.dc_i * weight);
    scalars[features::dc_q] = static_cast<float>(tally.dc_q * weight);
}

} // namespace kernel
} // namespace sentinel
} // namespace gr
