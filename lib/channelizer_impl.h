/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "segment_boundary.h"

#include <gnuradio/sentinel/channelizer.h>
#include <gnuradio/sentinel/kernel/channelizer.h>

#include <deque>
#include <mutex>

namespace gr {
namespace sentinel {

class channelizer_impl : public channelizer
{
public:
    channelizer_impl(double sample_rate,
                     int decimation,
                     int fft_size,
                     const std::vector<float>& taps,
                     const std::vector<double>& frequencies_hz);

    void set_frequency(int channel, double frequency_hz) override;
    void set_frequencies(const std::vector<double>& frequencies_hz) override;
    std::vector<double> frequencies() const override;

    void forecast(int noutput_items, gr_vector_int& required) override;
    int general_work(int noutput_items,
                     gr_vector_int& ninput_items,
                     gr_vector_const_void_star& input_items,
                     gr_vector_void_star& output_items) override;

private:
    enum class state { between_segments, in_segment, flushing };

    void begin_segment();
    segment_boundary find_boundary(uint64_t available);
    void collect_tags(uint64_t begin, uint64_t end);
    void write_offsets();
    void write_collected_tags(uint64_t produced, bool last);
    void warn_of_rate(double rate);

    const double d_sample_rate;
    const uint64_t d_decimation;
    const size_t d_fft_size;

    mutable std::mutex d_mutex; //!< guards what set_frequency changes
    std::vector<double> d_frequencies;
    bool d_offsets_changed = false;
    kernel::channelizer d_kernel;

    state d_state = state::between_segments;
    uint64_t d_segment_begin = 0;  //!< input item
    uint64_t d_segment_output = 0; //!< output item
    pmt::pmt_t d_end;
    std::deque<tag_t> d_tags; //!< their offset already counts output items
};

} // namespace sentinel
} // namespace gr
