/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <pmt/pmt.h>

#include <cstddef>
#include <cstdint>

namespace gr {
namespace sentinel {

//! What the message of a snapshot says beside its record.
struct snapshot_facts {
    uint64_t sample_start, sample_count;
    double sample_rate;
    pmt::pmt_t center_freq, time, stream; //!< nil where not known
};

//! Message of Channelizer Features, as docs/messages.md has it.
pmt::pmt_t
feature_message(const float* record, size_t channels, const snapshot_facts& facts);

} // namespace sentinel
} // namespace gr
