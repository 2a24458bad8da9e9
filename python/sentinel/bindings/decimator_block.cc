/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "module.h"

#include <gnuradio/sentinel/decimator.h>

void bind_decimator_block(py::module& module)
{
    using gr::sentinel::decimator;
    py::class_<decimator, gr::block, gr::basic_block, std::shared_ptr<decimator>>(
        module,
        "decimator",
        "One narrow channel of a wide stream by a cascade of decimating low-passes. "
        "Input "
        "and\n"
        "output complex64. What lies at -shift_hz comes to 0 Hz; output n of a segment "
        "is "
        "centred\n"
        "on its input n * decimation.")
        .def(py::init(&decimator::make),
             py::arg("sample_rate"),
             py::arg("decimation"),
             py::arg("shift_hz") = 0.0)
        .def("set_shift",
             &decimator::set_shift,
             py::arg("shift_hz"),
             py::call_guard<py::gil_scoped_release>(),
             "Move the band from the next input sample on; from any thread.")
        .def("shift",
             &decimator::shift,
             py::call_guard<py::gil_scoped_release>(),
             "Hz added to all frequencies before the filter.")
        .def("input_rate",
             &decimator::input_rate,
             py::call_guard<py::gil_scoped_release>(),
             "Rate of the input as the last segment said it, Hz; 0 before the first.")
        .def("factors", &decimator::factors, "Factors of the stages.")
        .def("group_delay",
             &decimator::group_delay,
             "Delay of the filter in input samples, taken out of all places and times.");
}
