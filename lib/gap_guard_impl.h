/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "packet_tags.h"

#include <gnuradio/sentinel/gap_guard.h>
#include <gnuradio/sentinel/kernel/clock_accountant.h>
#include <gnuradio/sentinel/kernel/packet_order.h>
#include <gnuradio/sentinel/kernel/published_gap_rule.h>

#include <array>
#include <atomic>
#include <mutex>
#include <vector>

namespace gr {
namespace sentinel {

class gap_guard_impl : public gap_guard
{
public:
    explicit gap_guard_impl(const gap_guard_config& config);

    void forecast(int noutput_items, gr_vector_int& ninput_items_required) override;
    int general_work(int noutput_items,
                     gr_vector_int& ninput_items,
                     gr_vector_const_void_star& input_items,
                     gr_vector_void_star& output_items) override;

    void request_end() override;
    void set_fill_below(double samples) override;
    void set_gain(double gain_db) override;
    gap_guard_counts counts() const override;

private:
    using step_t = kernel::packet_step;
    enum class stage { before, filling, items }; // of handing on one packet

    // Input and output of one call of work().
    struct cursor {
        const char* in;
        size_t in_left;
        uint64_t in_at; // index of the next input item
        char* out;
        size_t out_left;
        size_t written;
    };

    bool input_done() const;
    void limit_input();
    void begin_round(size_t available, const void* in, size_t room, void* out);
    bool advance(); // false: no further without more input or room
    void take_input();
    void take_packet(const tagged_header& found);
    void take_run(size_t length, const tagged_header* found);
    void close();
    void account_by_clock(uint64_t taken);

    bool run_step(const step_t& step);
    bool keep(const step_t& step);
    bool drop(const step_t& step);
    bool hand_on(const step_t& step);
    bool skip_input(size_t count, const step_t& step);
    void step_done();
    void begin_packet(const step_t& step);
    void begin_stream(const step_t& step);
    bool begin_gap(const step_t& step);
    bool fill();
    void begin_items(const step_t& step);
    void write_segment(const step_t& step);
    void refresh_time(const step_t& step);
    void write_gain();

    size_t emit(const char* items, size_t count, bool repeat);
    uint64_t next_item() { return nitems_written(0) + d_now.written + d_has_last; }
    uint64_t samples_left() const;
    void tag(const pmt::pmt_t& key, const pmt::pmt_t& value);
    void report(const char* kind, uint64_t samples, const step_t& step);

    const gap_guard_config d_config;
    const size_t d_item_size;
    const bool d_use_seq;
    const bool d_use_time;
    kernel::packet_order d_order;
    kernel::published_gap_rule d_published;
    kernel::clock_accountant d_accountant;
    cursor d_now{};
    std::vector<tag_t> d_tags;
    std::vector<tagged_header> d_headers; // of the input at hand
    size_t d_next_header = 0;

    std::vector<step_t> d_plan;
    size_t d_next_step = 0;
    stage d_stage = stage::before;
    bool d_items_begun = false;
    size_t d_step_items = 0; // of the current step, done
    uint64_t d_fill_left = 0;
    std::vector<char> d_fill_item;
    std::array<std::vector<char>, kernel::packet_order::depth> d_slots;
    std::vector<char> d_last; // the item held back for sentinel_end
    bool d_has_last = false;

    pmt::pmt_t d_stream;
    uint64_t d_stream_number = 1;
    bool d_in_stream = false; // sentinel_stream and sentinel_start are out
    bool d_new_segment = true;
    uint64_t d_lost_before = 0; // by a cut, for the tag
    uint64_t d_index = 0;       // of the next sample
    uint64_t d_elapsed = 0;     // samples of all streams, lost ones included
    uint64_t d_input_limit;
    bool d_reached_limit = false;
    bool d_finishing = false; // nothing further is taken from the input
    bool d_done = false;
    double d_rate;
    double d_center_freq;
    bool d_has_anchor = false;
    uint64_t d_anchor_index = 0;
    int64_t d_anchor_ns = 0;

    std::atomic<double> d_fill_below;
    std::atomic<double> d_gain; // NaN: not known
    std::atomic<bool> d_gain_is_new{ false };
    std::atomic<bool> d_end_requested{ false };
    gap_guard_counts d_counts; // of the thread that works
    mutable std::mutex d_mutex;
    gap_guard_counts d_shown_counts;
};

} // namespace sentinel
} // namespace gr
