/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "lane_rows.h"
#include "snapshot_tally.h"

#include <cstdint>

namespace gr {
namespace sentinel {
namespace kernel {

//! Rows and products that entered the sums of a snapshot.
struct row_counts {
    uint64_t rows = 0, products = 0;
};

//! Writes one record of channelizer_features.
void write_feature_record(const lane_sums& sums,
                          const row_counts& counts,
                          const snapshot_tally& tally,
                          bool coherence,
                          bool clipping_is_known,
                          double gain_db,
                          float* record);

} // namespace kernel
} // namespace sentinel
} // namespace gr
