/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "kfold_integrator_impl.h"
#include "stream_tags.h"

#include <gnuradio/io_signature.h>

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
    read_tags(noutput_items);
    for (size_t item = 0; item < static_cast<size_t>(noutput_items); item += d_channels)
        for (size_t c = 0; c < d_channels; c++)
            if (!d_of_channel[c].empty())
                take_window(c, in + (item + c) * d_rows);
    return noutput_items;
}

void kfold_integrator_impl::take_window(size_t channel, const gr_complex* scores)
{
    uint64_t needed = std::numeric_limits<uint64_t>::max();
    for (const size_t index : d_of_channel[channel])
        needed = std::min(needed, d_watches[index].next_window);
    d_histories[channel].append(scores, needed);
    for (const size_t index : d_of_channel[channel]) {
        const auto& watch = d_watches[index];
        const uint64_t end = watch.next_window + watch.settings.geometry.cycle_windows();
        if (d_histories[channel].end() >= end)
            judge(index);
    }
}

void kfold_integrator_impl::read_tags(int items)
{
    std::vector<tag_t> tags;
    get_tags_in_window(tags, 0, 0, items);
    for (const auto& tag : tags) {
        if (tag.key == tag_start())
            d_timeline.start = pmt::to_uint64(tag.value);
        else if (tag.key == tag_step())
            d_timeline.step = pmt::to_uint64(tag.value);
        else if (tag.key == tag_rx_rate())
            d_timeline.rate = pmt::to_double(tag.value);
        else if (tag.key == tag_rx_freq())
            d_timeline.frequency = tag.value;
        else if (tag.key == tag_offsets())
            d_timeline.offsets = pmt::f64vector_elements(tag.value);
        else if (tag.key == tag_rx_time())
            d_timeline.time = tag.value;
        else if (tag.key == tag_stream())
            d_timeline.stream = tag.value;
    }
}

void kfold_integrator_impl::judge(size_t index)
{
    auto& watch = d_watches[index];
    const auto began = std::chrono::steady_clock::now();
    const auto trains =
        watch.search->search(d_histories[watch.settings.channel].at(watch.next_window),
                             watch.settings.threshold,
                             watch.settings.most,
                             watch.settings.merge);
    const std::chrono::duration<double> spent = std::chrono::steady_clock::now() - began;
    message_port_pub(pmt::mp("cycles"), describe(watch, index, trains, spent.count()));
    watch.next_window += watch.settings.geometry.cycle_windows();
    watch.cycle++;
    take_changes(index);
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
    // The tag counts input samples per window; a sample of the channel is a hop-th of it.
    const uint64_t step = std::max<uint64_t>(1, d_timeline.step / geometry.hop);
    const uint64_t start = d_timeline.start + watch.next_window * geometry.hop * step;
    const size_t channel = watch.settings.channel;
    const double offset =
        channel < d_timeline.offsets.size() ? d_timeline.offsets[channel] : 0.0;
    auto dict = pmt::make_dict();
    dict = with(dict, "watch", pmt::from_long(index));
    dict = with(dict, "offset", pmt::from_double(offset));
    dict = with(dict, "channel", pmt::from_long(channel));
    dict = with(dict, "cycle", pmt::from_uint64(watch.cycle));
    dict = with(dict, "sample_start", pmt::from_uint64(start));
    dict = with(dict, "sample_count", pmt::from_uint64(geometry.cycle_samples() * step));
    dict = with(dict, "step", pmt::from_uint64(step));
    dict = with(dict, "rx_rate", pmt::from_double(d_timeline.rate));
    dict = with(dict, "rx_freq", d_timeline.frequency);
    dict = with(dict, "rx_time", d_timeline.time);
    dict = with(dict, "stream", d_timeline.stream);
    dict = with(dict, "anchor", pmt::from_uint64(d_timeline.start));
    dict = with(dict, "score", pmt::from_double(watch.search->best_score()));
    dict = with(dict, "threshold", pmt::from_double(watch.settings.threshold));
    dict = with(dict, "noise", pmt::from_double(watch.search->noise()));
    dict = with(dict, "work_s", pmt::from_double(work_s));
    return with(dict, "trains", list);
}

} // namespace sentinel
} // namespace gr
