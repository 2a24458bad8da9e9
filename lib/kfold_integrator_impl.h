/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "sample_ledger.h"
#include "window_history.h"

#include <gnuradio/sentinel/kernel/pulse_train_search.h>
#include <gnuradio/sentinel/kfold_integrator.h>

#include <deque>
#include <memory>
#include <mutex>

namespace gr {
namespace sentinel {

class kfold_integrator_impl : public kfold_integrator
{
public:
    kfold_integrator_impl(size_t rows,
                          size_t channels,
                          const std::vector<kfold_watch>& watches,
                          const std::vector<gr_complex>& pulse_template);

    void set_watch(size_t index, const kfold_watch& watch) override;
    int work(int noutput_items,
             gr_vector_const_void_star& input_items,
             gr_vector_void_star& output_items) override;

private:
    struct active_watch {
        kfold_watch settings;
        std::unique_ptr<kernel::pulse_train_search> search;
        uint64_t next_window = 0;
        uint64_t cycle = 0;
    };
    //! Where the stream's items lie on the input's own timeline.
    struct timeline {
        uint64_t start = 0, step = 1; // input sample of first_window; samples per window
        uint64_t first_window = 0;    // of the segment
        //! UTC of some samples, as many as the cycles in use may need.
        struct anchor {
            uint64_t place;
            pmt::pmt_t time;
        };
        std::deque<anchor> anchors;
        double rate = 0.0;
        std::vector<double> offsets; // Hz, one per channel; empty without a channelizer
        pmt::pmt_t frequency = pmt::PMT_NIL, stream = pmt::PMT_NIL;
    };

    active_watch activate(const kfold_watch& watch, bool shared) const;
    void take_tags(const std::vector<tag_t>& tags);
    void begin_segment(uint64_t start);
    void note_filled(uint64_t samples);
    uint64_t channel_step() const;
    uint64_t place_of(uint64_t window) const;
    timeline::anchor anchor_of(uint64_t place) const;
    void take_window(size_t channel, const gr_complex* scores);
    void take_changes(size_t index);
    void judge(size_t index);
    pmt::pmt_t describe(const active_watch& watch,
                        size_t index,
                        const std::vector<kernel::pulse_train>& trains,
                        double work_s) const;

    const size_t d_rows;
    const size_t d_channels;
    const size_t d_window, d_hop; // of all watches
    const std::vector<gr_complex> d_template;
    std::vector<active_watch> d_watches;
    std::vector<std::unique_ptr<active_watch>> d_pending; // one slot per watch
    std::vector<std::vector<size_t>> d_of_channel;        // watches of each channel
    std::vector<window_history> d_histories;              // one per channel
    // Hundreds of watches are judged one after the other in the same working memory.
    std::shared_ptr<kernel::pulse_train_search::cell_table> d_table =
        std::make_shared<kernel::pulse_train_search::cell_table>();
    timeline d_timeline;
    uint64_t d_window_count = 0; // windows taken so far, of each channel
    uint64_t d_filled_until = 0; // windows before this one hold filled samples
    sample_ledger d_filled, d_lost;
    std::vector<tag_t> d_tags; // of the items at hand
    std::mutex d_mutex;
};

} // namespace sentinel
} // namespace gr
