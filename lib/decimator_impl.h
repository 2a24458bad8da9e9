/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "segment_boundary.h"

#include <gnuradio/sentinel/decimator.h>
#include <gnuradio/sentinel/kernel/cascade_decimator.h>

#include <deque>
#include <mutex>

namespace gr {
namespace sentinel {

class decimator_impl : public decimator
{
public:
    decimator_impl(double sample_rate, int decimation, double shift_hz);

    void set_shift(double shift_hz) override;
    double shift() const override;
    double input_rate() const override;
    std::vector<int> factors() const override;
    unsigned long group_delay() const override;

    void forecast(int noutput_items, gr_vector_int& required) override;
    int general_work(int noutput_items,
                     gr_vector_int& ninput_items,
                     gr_vector_const_void_star& input_items,
                     gr_vector_void_star& output_items) override;

private:
    enum class state { between_segments, in_segment, flushing };

    void begin_segment();
    segment_boundary find_boundary(uint64_t available);
    void take_rate(double rate);
    void apply_shift();
    void collect_tags(uint64_t begin, uint64_t end);
    void write_collected_tags(uint64_t produced, bool last);
    uint64_t output_of(uint64_t item) const;
    pmt::pmt_t shifted_center() const;

    const double d_sample_rate;
    const uint64_t d_decimation;

    mutable std::mutex d_mutex; //!< guards what other threads set and read
    double d_shift;
    bool d_shift_changed = false;
    double d_input_rate = 0;
    kernel::cascade_decimator d_kernel;

    state d_state = state::between_segments;
    double d_rate;                 //!< that the oscillator runs at
    double d_center = 0;           //!< of the input, Hz; 0 is not known
    uint64_t d_segment_begin = 0;  //!< input item
    uint64_t d_segment_output = 0; //!< output item
    pmt::pmt_t d_end;
    std::deque<tag_t> d_tags; //!< their offset already counts output items
};

} // namespace sentinel
} // namespace gr
