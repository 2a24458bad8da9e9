/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "module.h"

#include <gnuradio/sentinel/kernel/arrival_pace.h>
#include <gnuradio/sentinel/kernel/clock_accountant.h>
#include <gnuradio/sentinel/kernel/packet_order.h>
#include <gnuradio/sentinel/kernel/published_gap_rule.h>

#include <optional>

using namespace gr::sentinel::kernel;

namespace {
packet_header make_header(uint64_t items,
                          std::optional<uint64_t> seq,
                          std::optional<int64_t> time_ns,
                          uint64_t arrival_ns,
                          double rate)
{
    packet_header header;
    header.items = items;
    header.has_seq = seq.has_value();
    header.seq = seq.value_or(0);
    header.has_time = time_ns.has_value();
    header.time_ns = time_ns.value_or(0);
    header.arrival_ns = arrival_ns;
    header.rate = rate;
    return header;
}

py::dict as_dict(const packet_step& step)
{
    const char* names[] = { "pass", "play", "hold", "late", "duplicate" };
    py::dict made;
    made["what"] = names[static_cast<int>(step.what)];
    made["slot"] = step.slot;
    made["items"] = step.packet.items;
    made["missing"] = step.missing;
    made["never_fill"] = step.never_fill;
    made["restart"] = step.restart;
    made["clock_step"] = step.clock_step;
    made["rate_change"] = step.rate_change;
    made["reordered"] = step.reordered;
    made["seconds"] = step.seconds;
    made["expected_s"] = step.expected_s;
    made["got_s"] = step.got_s;
    made["time_ns"] = step.has_time ? py::cast(step.time_ns) : py::object(py::none());
    return made;
}

py::list as_list(const std::vector<packet_step>& plan)
{
    py::list made;
    for (const auto& step : plan)
        made.append(as_dict(step));
    return made;
}

template <typename rule>
py::list push(rule& self,
              uint64_t items,
              std::optional<uint64_t> seq,
              std::optional<int64_t> time_ns,
              uint64_t arrival_ns,
              double rate)
{
    std::vector<packet_step> plan;
    self.push(make_header(items, seq, time_ns, arrival_ns, rate), plan);
    return as_list(plan);
}

template <typename rule>
void bind_push(py::class_<rule>& bound)
{
    bound.def(
        "push",
        &push<rule>,
        py::arg("items"),
        py::arg("seq") = py::none(),
        py::arg("time_ns") = py::none(),
        py::arg("arrival_ns") = 0,
        py::arg("rate") = 0.0,
        "Steps (dicts) to be done now that a packet has come: what (pass, play, hold, "
        "late,\n"
        "duplicate), slot, items, and what happened before: missing samples, "
        "restart, ...");
}
} // namespace

void bind_gap_kernels(py::module& kernel)
{
    py::class_<packet_order> order(
        kernel, "packet_order", "Puts packets into order and says what is missing");
    order.def(py::init<double>(), py::arg("sample_rate"));
    bind_push(order);
    order
        .def(
            "finish",
            [](packet_order& self) {
                std::vector<packet_step> plan;
                self.finish(plan);
                return as_list(plan);
            },
            "Steps for what is still held: no further packet comes.")
        .def(
            "push_unpacketed",
            [](packet_order& self,
               uint64_t items,
               std::optional<int64_t> time_ns,
               uint64_t arrival_ns) {
                std::vector<packet_step> plan;
                self.push_unpacketed(
                    make_header(items, std::nullopt, time_ns, arrival_ns, 0), plan);
                return as_list(plan);
            },
            py::arg("items"),
            py::arg("time_ns") = py::none(),
            py::arg("arrival_ns") = 0,
            "Steps for items of a source without packets.")
        .def("set_index", &packet_order::set_index, py::arg("index"))
        .def("index", &packet_order::index)
        .def("jitter_s", [](const packet_order& self) { return self.line().jitter_s(); })
        .def("rate_ppm", [](const packet_order& self) { return self.line().rate_ppm(); })
        .def("tolerance_s",
             [](const packet_order& self) { return self.line().tolerance_s(); });

    py::class_<published_gap_rule> published(
        kernel, "published_gap_rule", "The gap rule of the published pulse detector");
    published.def(py::init<double>(), py::arg("sample_rate"));
    bind_push(published);

    py::class_<clock_accountant>(
        kernel, "clock_accountant", "Estimates losses with a monotonic clock")
        .def(py::init<double>(), py::arg("sample_rate"))
        .def(
            "add",
            &clock_accountant::add,
            py::arg("samples"),
            py::arg("now_ns"),
            "Samples have come; returns the estimated loss when a comparison finds one.");

    py::class_<time_line>(
        kernel, "time_line", "A sender's clock as a line over its samples")
        .def(py::init<>())
        .def("start", &time_line::start, py::arg("time_ns"), py::arg("sample_rate"))
        .def("residual_s",
             &time_line::residual_s,
             py::arg("time_ns"),
             py::arg("ahead") = 0.0)
        .def("observe", &time_line::observe, py::arg("residual_s"))
        .def("advance", &time_line::advance, py::arg("samples"))
        .def("tolerance_s", &time_line::tolerance_s)
        .def("time_ns", &time_line::time_ns)
        .def("rate_ppm", &time_line::rate_ppm)
        .def("jitter_s", &time_line::jitter_s);

    py::class_<arrival_pace>(
        kernel, "arrival_pace", "Whether packets come as fast as they were sampled")
        .def(py::init<>())
        .def(
            "observe", &arrival_pace::observe, py::arg("arrival_ns"), py::arg("signal_s"))
        .def("paced", &arrival_pace::paced)
        .def("is_clock_step",
             &arrival_pace::is_clock_step,
             py::arg("arrival_ns"),
             py::arg("signal_s"),
             py::arg("jump_s"));
}
