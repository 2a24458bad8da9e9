/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "stream_tags.h"

#include <gnuradio/tags.h>

#include <cstdint>
#include <vector>

namespace gr {
namespace sentinel {

//! Where a segment stops within the items at hand.
struct segment_boundary {
    uint64_t items; //!< that belong to it
    bool ends;
    pmt::pmt_t end; //!< value of sentinel_end, or nil
};

/*!
 * \brief Of the segment that began at item `segment_begin`, in `available` items from
 * `begin` on.
 *
 * A segment stops before the next `sentinel_start` or behind `sentinel_end`.
 * \param tags_of gives the tags of one key: (tags out, first item, one past the last,
 * key)
 */
template <typename tag_getter>
segment_boundary find_segment_boundary(uint64_t begin,
                                       uint64_t available,
                                       uint64_t segment_begin,
                                       tag_getter tags_of)
{
    segment_boundary found{ available, false, pmt::PMT_NIL };
    std::vector<tag_t> tags;
    tags_of(tags, begin, begin + available, tag_start());
    for (const auto& tag : tags)
        if (tag.offset > segment_begin && tag.offset - begin < found.items)
            found = { tag.offset - begin, true, pmt::PMT_NIL };
    tags_of(tags, begin, begin + available, tag_end());
    for (const auto& tag : tags)
        if (tag.offset - begin < found.items)
            found = { tag.offset - begin + 1, true, tag.value };
    return found;
}

} // namespace sentinel
} // namespace gr
