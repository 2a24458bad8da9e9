/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "segment_boundary.h"
#include "snapshot_clock.h"

#include <gnuradio/sentinel/channelizer_features.h>

#include <deque>

namespace gr {
namespace sentinel {

class channelizer_features_impl : public channelizer_features
{
public:
    explicit channelizer_features_impl(kernel::channelizer_features&& features);

    size_t record_length() const override { return d_kernel.record_length(); }
    size_t snapshot_samples() const override { return d_snapshot; }

    void forecast(int noutput_items, gr_vector_int& required) override;
    int general_work(int noutput_items,
                     gr_vector_int& ninput_items,
                     gr_vector_const_void_star& input_items,
                     gr_vector_void_star& output_items) override;

private:
    enum class state { between_segments, in_segment, flushing };

    void begin_segment();
    void take_rate(double said);
    segment_boundary find_boundary(uint64_t available);
    void read_tags(uint64_t end);
    size_t feed(const unsigned char* in,
                size_t items,
                float* records,
                size_t capacity,
                size_t& taken);
    void obey_marks(uint64_t item);
    void tell(size_t count, gr_vector_void_star& outputs);
    void write_tags(uint64_t item, uint64_t place, uint64_t end);
    uint64_t place_of(uint64_t item) const
    {
        return d_start + (item - d_segment_begin) * d_step;
    }

    kernel::channelizer_features d_kernel;
    const size_t d_snapshot, d_channels, d_item_bytes;
    const double d_sample_rate;
    double d_rate; //!< of the input
    snapshot_clock d_clock;

    state d_state = state::between_segments;
    uint64_t d_segment_begin = 0;  //!< input item
    uint64_t d_segment_output = 0; //!< output item
    uint64_t d_start = 0, d_step = 1;
    pmt::pmt_t d_center, d_stream, d_time;
    uint64_t d_tags_read = 0;  //!< input item
    uint64_t d_to_fill = 0;    //!< items still to be left out
    std::deque<tag_t> d_marks; //!< filled, lost and gain, at input items
    std::deque<tag_t> d_tags;  //!< their offset already counts output items
};

} // namespace sentinel
} // namespace gr
