/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gnuradio/sentinel/kernel/packet_order.h>
#include <gnuradio/tags.h>

#include <vector>

namespace gr {
namespace sentinel {

//! What the tags of one item say.
struct tagged_header {
    uint64_t offset = 0;
    bool is_packet = false;
    kernel::packet_header header;
    pmt::pmt_t stream = pmt::PMT_NIL;
};

/*!
 * Headers of the tagged items, ascending. The tags are sorted in place.
 * Tags with values of another type, or times before 1970 or after 2200, say nothing.
 */
void read_headers(std::vector<tag_t>& tags, std::vector<tagged_header>& headers);

//! Tuple of uint64 seconds and double fraction.
pmt::pmt_t time_value(int64_t time_ns);

} // namespace sentinel
} // namespace gr
