/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "module.h"

#include <gnuradio/sentinel/channelizer.h>

void bind_channelizer_block(py::module& module)
{
    using gr::sentinel::channelizer;
    py::class_<channelizer, gr::block, gr::basic_block, std::shared_ptr<channelizer>>(
        module,
        "channelizer",
        "Channels of one wide stream, filtered, shifted to 0 Hz and decimated. Input "
        "complex64,\n"
        "output one vector of complex64 per output time. Output n of a segment is "
        "centred on its\n"
        "input n * decimation.")
        .def(py::init(&channelizer::make),
             py::arg("sample_rate"),
             py::arg("decimation"),
             py::arg("fft_size"),
             py::arg("taps"),
             py::arg("frequencies_hz"))
        .def("set_frequency",
             &channelizer::set_frequency,
             py::arg("channel"),
             py::arg("frequency_hz"),
             py::call_guard<py::gil_scoped_release>(),
             "Move one channel from the next output on; from any thread.")
        .def("set_frequencies",
             &channelizer::set_frequencies,
             py::arg("frequencies_hz"),
             py::call_guard<py::gil_scoped_release>(),
             "Move all channels; their number cannot change.")
        .def("frequencies",
             &channelizer::frequencies,
             py::call_guard<py::gil_scoped_release>(),
             "Centre of each channel from the stream's centre, Hz.");
}
