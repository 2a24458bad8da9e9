/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "module.h"

#include <gnuradio/sentinel/gap_guard.h>

namespace {
using gr::sentinel::gap_guard;
using gr::sentinel::gap_guard_counts;

py::dict as_dict(const gap_guard_counts& counts)
{
    py::dict all;
    all["samples_received"] = counts.samples_received;
    all["samples_filled"] = counts.samples_filled;
    all["samples_cut"] = counts.samples_cut;
    all["samples_lost"] = counts.samples_lost;
    all["samples_late"] = counts.samples_late;
    all["samples_duplicate"] = counts.samples_duplicate;
    all["packets_received"] = counts.packets_received;
    all["packets_late"] = counts.packets_late;
    all["packets_duplicate"] = counts.packets_duplicate;
    all["packets_reordered"] = counts.packets_reordered;
    all["gaps_filled"] = counts.gaps_filled;
    all["gaps_cut"] = counts.gaps_cut;
    all["clock_steps"] = counts.clock_steps;
    all["restarts"] = counts.restarts;
    all["rate_changes"] = counts.rate_changes;
    all["jitter_s"] = counts.jitter_s;
    all["rate_ppm"] = counts.rate_ppm;
    all["last_arrival_ns"] = counts.last_arrival_ns;
    return all;
}

gap_guard::sptr make(size_t item_size,
                     double sample_rate,
                     const std::string& accounting,
                     double fill_below,
                     const std::string& rule,
                     const py::bytes& fill_item,
                     double center_freq,
                     const pmt::pmt_t& stream,
                     uint64_t max_items)
{
    gr::sentinel::gap_guard_config config;
    config.item_size = item_size;
    config.sample_rate = sample_rate;
    config.accounting = accounting;
    config.fill_below = fill_below;
    config.rule = rule;
    config.fill_item = fill_item;
    config.center_freq = center_freq;
    config.stream = stream;
    config.max_items = max_items;
    return gap_guard::make(config);
}
} // namespace

void bind_gap_guard(py::module& module)
{
    py::module::import("pmt"); // the default value below is one
    py::class_<gap_guard, gr::block, gr::basic_block, std::shared_ptr<gap_guard>> block(
        module,
        "gap_guard",
        "Puts the packets of a live source into order, fills or cuts what is missing, "
        "and "
        "keeps count.\n"
        "Items of any size. accounting: sequence, timestamps, clock, none or exact; "
        "rule: "
        "sentinel or\n"
        "published. Gaps below fill_below samples are filled with fill_item (zeros), "
        "others cut.\n"
        "Tags and the messages of the port gaps: docs/messages.md.");
    block
        .def(py::init(&make),
             py::arg("item_size"),
             py::arg("sample_rate"),
             py::arg("accounting") = "timestamps",
             py::arg("fill_below") = 0.0,
             py::arg("rule") = "sentinel",
             py::arg("fill_item") = py::bytes(),
             py::arg("center_freq") = 0.0,
             py::arg("stream") = pmt::PMT_NIL,
             py::arg("max_items") = 0)
        .def("request_end",
             &gap_guard::request_end,
             py::call_guard<py::gil_scoped_release>(),
             "End the stream after the items already received; from any thread.")
        .def("set_fill_below",
             &gap_guard::set_fill_below,
             py::arg("samples"),
             "Fill gaps shorter than this from the next gap on; from any thread.")
        .def("set_gain",
             &gap_guard::set_gain,
             py::arg("gain_db"),
             "The receiver's gain from the next item on, tag sentinel_gain; from any "
             "thread.")
        .def(
            "counters",
            [](const gap_guard& self) { return as_dict(self.counts()); },
            "Every counter by its name; samples and packets as int, from any thread.");
    // Each counter also by a method of its name.
    for (const auto item : as_dict({})) {
        const auto name = item.first.cast<std::string>();
        block.def(name.c_str(), [name](const gap_guard& self) -> py::object {
            return as_dict(self.counts())[name.c_str()];
        });
    }
}
