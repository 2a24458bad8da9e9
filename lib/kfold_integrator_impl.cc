/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "kfold_integrator_impl.h"
#include "stream_tags.h"

#include <gnuradio/io_signature.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <stdexcept>

namespace gr {
namespace sentinel {

namespace {
const char* name_of(kernel::verdict reason)
{
    switch (reason) {
    case kernel::verdict::pulses:
        return "pulses";
    case kernel::verdict::level:
        return "level";
    case kernel::verdict::traffic:
        return "traffic";
    case kernel::verdict::missing:
        return "missing";
    case kernel::verdict::faster:
        return "faster";
    }
    throw std::logic_error("kfold_integrator: unknown verdict");
}

pmt::pmt_t with(const pmt::pmt_t& dict, const char* key, const pmt::pmt_t& value)
{
    return pmt::dict_add(dict, pmt::mp(key), value);
}

pmt::pmt_t describe_train(const kernel::pulse_train& train)
{
    auto dict = pmt::make_dict();
    dict = with(dict, "start", pmt::from_double(train.start));
    dict = with(dict, "interval", pmt::from_double(train.interval));
    dict = with(dict, "frequency", pmt::from_double(train.frequency));
    dict = with(dict, "score", pmt::from_double(train.score));
    dict = with(dict, "traffic_score", pmt::from_double(train.traffic_score));
    dict = with(dict, "noise", pmt::from_double(train.noise));
    dict = with(dict, "reason", pmt::mp(name_of(train.reason)));
    dict = with(dict,
                "pulse_starts",
                pmt::init_f64vector(train.pulse_starts.size(), train.pulse_starts));
    return with(dict,
                "pulse_scores",
                pmt::init_f32vector(train.pulse_scores.size(), train.pulse_scores));
}
} // namespace

kfold_integrator::sptr
kfold_integrator::make(size_t rows,
                       size_t channels,
                       const std::vector<kfold_watch>& watches,
                       const std::vector<gr_complex>& pulse_template)
{
    return gnuradio::make_block_sptr<kfold_integrator_impl>(
        rows, channels, watches, pulse_template);
}

kfold_integrator_impl::kfold_integrator_impl(
    size_t rows,
    size_t channels,
    const std::vector<kfold_watch>& watches,
    const std::vector<gr_complex>& pulse_template)
    : gr::sync_block("kfold_integrator",
                     gr::io_signature::make(1, 1, rows * sizeof(gr_complex)),
                     gr::io_signature::make(0, 0, 0)),
      d_rows(rows),
      d_channels(channels),
      d_window(watches.empty() ? 0 : watches.front().geometry.window),
      d_hop(watches.empty() ? 0 : watches.front().geometry.hop),
      d_template(pulse_template),
      d_pending(watches.size()),
      d_of_channel(channels),
      d_histories(channels, window_history(rows))
{
    if (watches.empty())
        throw std::invalid_argument("kfold_integrator: at least one watch is needed");
    for (const auto& watch : watches) {
        d_watches.push_back(activate(watch, true));
        d_histories[watch.channel].reserve(watch.geometry.cycle_windows() + 1);
        d_of_channel[watch.channel].push_back(d_watches.size() - 1);
    }
    message_port_register_out(pmt::mp("cycles"));
    message_port_register_out(pmt::mp("changes"));
    set_output_multiple(static_cast<int>(channels));
}

kfold_integrator_impl::active_watch
kfold_integrator_impl::activate(const kfold_watch& watch, bool shared) const
{
    if (watch.channel >= d_channels)
        throw std::invalid_argument("kfold_integrator: channel " +
                                    std::to_string(watch.channel) + " of " +
                                    std::to_string(d_channels) + " does not exist");
    if (watch.geometry.rows != d_rows)
        throw std::invalid_argument(
            "kfold_integrator: a watch of " + std::to_string(watch.geometry.rows) +
            " rows does not fit items of " + std::to_string(d_rows));
    if (watch.geometry.window != d_window || watch.geometry.hop != d_hop)
        throw std::invalid_argument(
            "kfold_integrator: the watches of one stream share window and hop, " +
            std::to_string(d_window) + " and " + std::to_string(d_hop) + ", not " +
            std::to_string(watch.geometry.window) + " and " +
            std::to_string(watch.geometry.hop));
    // Written so that NaN fails too.
    if (!(watch.threshold > 0.0f && std::isfinite(watch.threshold)))
        throw std::invalid_argument(
            "kfold_integrator: a threshold must be finite and above 0, not " +
            std::to_string(watch.threshold));
    if (watch.most < 1 || !(watch.merge >= 0.0 && watch.merge <= 0.5))
        throw std::invalid_argument(
            "kfold_integrator: a watch declares at least one tag and "
            "merges 0..0.5 cycles per sample");
    active_watch active;
    active.settings = watch;
    active.search = std::make_unique<kernel::pulse_train_search>(
        watch.geometry, d_template, shared ? d_table : nullptr);
    return active;
}

void kfold_integrator_impl::set_watch(size_t index, const kfold_watch& watch)
{
    // With memory of its own: the shared table may be in use by work() just now.
    auto made = std::make_unique<active_watch>(activate(watch, false));
    const std::lock_guard<std::mutex> lock(d_mutex);
    if (watch.channel != d_watches.at(index).settings.channel)
        throw std::invalid_argument(
            "kfold_integrator: a watch cannot change its channel");
    d_pending[index] = std::move(made);
}

int kfold_integrator_impl::work(int noutput_items,
                                gr_vector_const_void_star& input_items,
                                gr_vector_void_star&)
{
    const auto* in = static_cast<const gr_complex*>(input_items[0]);
    const std::lock_guard<std::mutex> lock(d_mutex);
    get_tags_in_window(d_tags, 0, 0, noutput_items);
    std::stable_sort(d_tags.begin(), d_tags.end(), tag_t::offset_compare);
    auto tag = d_tags.begin();
    for (size_t item = 0; item < static_cast<size_t>(noutput_items); item += d_channels) {
        // The tags of a window come into force before it is taken, and not sooner: a
        // cycle that ends before them is described by those before.
        const uint64_t end = nitems_read(0) + item + d_channels;
        const auto first = tag;
        while (tag != d_tags.end() && tag->offset < end)
            tag++;
        if (tag != first)
            take_tags(std::vector<tag_t>(first, tag));
        for (size_t c = 0; c < d_channels; c++)
            if (!d_of_channel[c].empty())
                take_window(c, in + (item + c) * d_rows);
        d_window_count++;
    }
    return noutput_items;
}

void kfold_integrator_impl::take_window(size_t channel, const gr_complex* scores)
{
    uint64_t needed = std::numeric_limits<uint64_t>::max();
    for (const size_t index : d_of_channel[channel])
        needed = std::min(needed, d_watches[index].next_window);
    d_histories[channel].append(scores, needed, d_window_count < d_filled_until);
    for (const size_t index : d_of_channel[channel]) {
        const auto& watch = d_watches[index];
        const uint64_t end = watch.next_window + watch.settings.geometry.cycle_windows();
        if (d_histories[channel].end() >= end)
            judge(index);
    }
}

void kfold_integrator_impl::take_tags(const std::vector<tag_t>& tags)
{
    const auto value_of = [&](const pmt::pmt_t& key) -> pmt::pmt_t {
        const auto found = std::find_if(
            tags.begin(), tags.end(), [&](const tag_t& tag) { return tag.key == key; });
        return found == tags.end() ? nullptr : found->value;
    };
    if (const auto step = value_of(tag_step()))
        d_timeline.step = pmt::to_uint64(step);
    const auto start = value_of(tag_start());
    if (start)
        begin_segment(pmt::to_uint64(start));
    if (const auto rate = value_of(tag_rx_rate()))
        d_timeline.rate = pmt::to_double(rate);
    if (const auto frequency = value_of(tag_rx_freq()))
        d_timeline.frequency = frequency;
    if (const auto offsets = value_of(tag_offsets()))
        d_timeline.offsets = pmt::f64vector_elements(offsets);
    if (const auto stream = value_of(tag_stream()))
        d_timeline.stream = stream;
    if (const auto time = value_of(tag_rx_time())) {
        d_timeline.anchors.push_back({ place_of(d_window_count), time });
    }
    if (const auto lost = value_of(tag_lost()); lost && !start)
        d_lost.note(d_window_count, pmt::to_uint64(lost));
    for (const auto& tag : tags)
        if (tag.key == tag_filled())
            note_filled(pmt::to_uint64(tag.value));
}

// Nothing of what came before is of use: a cycle must not run across a gap.
void kfold_integrator_impl::begin_segment(uint64_t start)
{
    d_timeline.start = start;
    d_timeline.first_window = d_window_count;
    d_timeline.anchors.clear();
    d_filled_until = d_window_count;
    for (auto& history : d_histories)
        history.restart(d_window_count);
    for (size_t index = 0; index < d_watches.size(); index++) {
        d_watches[index].next_window = d_window_count;
        take_changes(index);
    }
}

void kfold_integrator_impl::note_filled(uint64_t samples)
{
    d_filled.note(d_window_count, samples);
    // All windows that may hold one of them, the first of which is this one.
    const uint64_t items = (samples + channel_step() - 1) / channel_step();
    d_filled_until =
        std::max(d_filled_until, d_window_count + (items + d_window + d_hop - 2) / d_hop);
}

// The tag counts input samples per window; a sample of the channel is a hop-th of it. A
// source without tags has 1.
uint64_t kfold_integrator_impl::channel_step() const
{
    return std::max<uint64_t>(1, d_timeline.step / d_hop);
}

uint64_t kfold_integrator_impl::place_of(uint64_t window) const
{
    return d_timeline.start + (window - d_timeline.first_window) * d_hop * channel_step();
}

// The last one at or before a place; the first where all are later; none: the segment's
// start, without a time.
kfold_integrator_impl::timeline::anchor
kfold_integrator_impl::anchor_of(uint64_t place) const
{
    timeline::anchor found{ d_timeline.start, pmt::PMT_NIL };
    for (const auto& anchor : d_timeline.anchors)
        if (pmt::is_null(found.time) || anchor.place <= place)
            found = anchor;
    return found;
}

void kfold_integrator_impl::judge(size_t index)
{
    auto& watch = d_watches[index];
    const auto began = std::chrono::steady_clock::now();
    const auto& history = d_histories[watch.settings.channel];
    const size_t windows = watch.settings.geometry.cycle_windows();
    const auto trains =
        watch.search->search(history.at(watch.next_window),
                             watch.settings.threshold,
                             watch.settings.most,
                             watch.settings.merge,
                             history.filled_at(watch.next_window, windows));
    const std::chrono::duration<double> spent = std::chrono::steady_clock::now() - began;
    message_port_pub(pmt::mp("cycles"), describe(watch, index, trains, spent.count()));
    watch.next_window += windows;
    watch.cycle++;
    take_changes(index);
    uint64_t oldest = d_window_count;
    for (const auto& other : d_watches)
        oldest = std::min(oldest, other.next_window);
    d_filled.forget_before(oldest);
    d_lost.forget_before(oldest);
    while (d_timeline.anchors.size() > 1 &&
           d_timeline.anchors[1].place <= place_of(oldest))
        d_timeline.anchors.pop_front();
}

void kfold_integrator_impl::take_changes(size_t index)
{
    if (!d_pending[index])
        return;
    auto& watch = d_watches[index];
    d_pending[index]->next_window = watch.next_window;
    d_pending[index]->cycle = watch.cycle;
    watch = std::move(*d_pending[index]);
    d_pending[index].reset();
    const auto& settings = watch.settings;
    // The one allocation here: a change is rare, and only a longer cycle needs it.
    d_histories[settings.channel].reserve(settings.geometry.cycle_windows() + 1);
    auto dict = pmt::make_dict();
    dict = with(dict, "watch", pmt::from_long(index));
    dict = with(dict, "window", pmt::from_uint64(watch.next_window));
    dict = with(dict, "threshold", pmt::from_double(settings.threshold));
    dict = with(
        dict, "interval_samples", pmt::from_double(settings.geometry.interval_samples));
    dict = with(dict, "pulses", pmt::from_long(settings.geometry.pulses));
    message_port_pub(pmt::mp("changes"), dict);
}

pmt::pmt_t kfold_integrator_impl::describe(const active_watch& watch,
                                           size_t index,
                                           const std::vector<kernel::pulse_train>& trains,
                                           double work_s) const
{
    const auto& geometry = watch.settings.geometry;
    auto list = pmt::make_vector(trains.size(), pmt::PMT_NIL);
    for (size_t i = 0; i < trains.size(); i++)
        pmt::vector_set(list, i, describe_train(trains[i]));
    const uint64_t step = channel_step();
    const uint64_t windows = geometry.cycle_windows();
    const size_t channel = watch.settings.channel;
    const double offset =
        channel < d_timeline.offsets.size() ? d_timeline.offsets[channel] : 0.0;
    auto dict = pmt::make_dict();
    dict = with(dict, "watch", pmt::from_long(index));
    dict = with(dict, "offset", pmt::from_double(offset));
    dict = with(dict, "channel", pmt::from_long(channel));
    dict = with(dict, "cycle", pmt::from_uint64(watch.cycle));
    dict = with(dict, "sample_start", pmt::from_uint64(place_of(watch.next_window)));
    dict = with(dict, "sample_count", pmt::from_uint64(geometry.cycle_samples() * step));
    dict = with(dict, "step", pmt::from_uint64(step));
    dict = with(dict, "rx_rate", pmt::from_double(d_timeline.rate));
    dict = with(dict, "rx_freq", d_timeline.frequency);
    // A sender's clock may be off: times count from the middle of the cycle.
    const auto anchor =
        anchor_of(place_of(watch.next_window + geometry.cycle_windows() / 2));
    dict = with(dict, "rx_time", anchor.time);
    dict = with(dict, "stream", d_timeline.stream);
    dict = with(dict, "anchor", pmt::from_uint64(anchor.place));
    const uint64_t filled = d_filled.within(watch.next_window, windows);
    const uint64_t lost = d_lost.within(watch.next_window, windows);
    dict = with(dict, "filled", pmt::from_uint64(filled));
    dict = with(dict, "lost", pmt::from_uint64(lost));
    dict = with(dict, "score", pmt::from_double(watch.search->best_score()));
    dict = with(dict, "threshold", pmt::from_double(watch.settings.threshold));
    dict = with(dict, "noise", pmt::from_double(watch.search->noise()));
    dict = with(dict, "work_s", pmt::from_double(work_s));
    return with(dict, "trains", list);
}

} // namespace sentinel
} // namespace gr
