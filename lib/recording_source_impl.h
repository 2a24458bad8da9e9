/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "byte_reader.h"

#include <gnuradio/sentinel/kernel/sample_format.h>
#include <gnuradio/sentinel/recording_source.h>

#include <atomic>
#include <mutex>

namespace gr {
namespace sentinel {

class recording_source_impl : public recording_source
{
public:
    explicit recording_source_impl(const recording_config& config);

    int work(int noutput_items,
             gr_vector_const_void_star& input_items,
             gr_vector_void_star& output_items) override;

    void request_end() override { d_end_requested = true; }
    uint64_t samples_read() const override { return d_samples_read; }
    uint64_t samples_clipped() const override { return d_samples_clipped; }
    uint64_t samples_nonfinite() const override { return d_samples_nonfinite; }
    uint64_t bytes_left_over() const override { return d_bytes_left_over; }
    std::string failure() const override;

private:
    size_t frames_buffered() const { return (d_stop - d_begin) / d_frame_bytes; }
    bool input_ended() const { return d_reader.end() || d_bytes_to_read == 0; }
    void refill(size_t frames_wanted);
    void note_end_of_input();
    void tag_starts(size_t count);
    kernel::sample_counts give(size_t count, void* out);
    kernel::sample_counts give_native(size_t count, unsigned char* out);
    void tag_gain_in_force(uint64_t item, uint64_t index);
    void tag_gain_steps(uint64_t first_item, size_t count);
    void tag_segment(uint64_t item, uint64_t index, const recording_segment& segment);

    const recording_config d_config;
    const kernel::sample_format d_format;
    const size_t d_frame_bytes;        // one sample of every channel
    std::vector<gr_complex> d_scratch; // of native items, where clipping is looked for
    byte_reader d_reader;
    std::vector<unsigned char> d_buffer; // holds native bytes in [d_begin, d_stop)
    size_t d_begin = 0;
    size_t d_stop = 0;
    uint64_t d_bytes_to_read; // of the region, not yet in the buffer
    uint64_t d_index;         // in the data file, of the next item
    size_t d_next_segment;
    size_t d_next_gain = 0;
    bool d_started = false;
    bool d_done = false;

    std::atomic<bool> d_end_requested{ false };
    std::atomic<uint64_t> d_samples_read{ 0 };
    std::atomic<uint64_t> d_samples_clipped{ 0 };
    std::atomic<uint64_t> d_samples_nonfinite{ 0 };
    std::atomic<uint64_t> d_bytes_left_over{ 0 };
    mutable std::mutex d_failure_mutex;
    std::string d_failure;
};

} // namespace sentinel
} // namespace gr
