/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "module.h"

#include <gnuradio/sentinel/recording_source.h>

namespace {
void bind_segment(py::module& module)
{
    using gr::sentinel::recording_segment;
    py::class_<recording_segment>(
        module,
        "recording_segment",
        "From sample_start on, centre frequency (Hz) and clock (UTC) are these")
        .def(py::init([](uint64_t sample_start,
                         double center_freq_hz,
                         bool has_time,
                         uint64_t time_s,
                         double time_fraction_s) {
                 return recording_segment{
                     sample_start, center_freq_hz, has_time, time_s, time_fraction_s
                 };
             }),
             py::arg("sample_start") = 0,
             py::arg("center_freq_hz") = 0.0,
             py::arg("has_time") = false,
             py::arg("time_s") = 0,
             py::arg("time_fraction_s") = 0.0)
        .def_readonly("sample_start", &recording_segment::sample_start)
        .def_readonly("center_freq_hz", &recording_segment::center_freq_hz)
        .def_readonly("has_time", &recording_segment::has_time)
        .def_readonly("time_s", &recording_segment::time_s)
        .def_readonly("time_fraction_s", &recording_segment::time_fraction_s);
}

void bind_gain(py::module& module)
{
    using gr::sentinel::recording_gain;
    py::class_<recording_gain>(module,
                               "recording_gain",
                               "From sample_start on, the receiver's gain is this (dB)")
        .def(py::init([](uint64_t sample_start, double gain_db) {
                 return recording_gain{ sample_start, gain_db };
             }),
             py::arg("sample_start"),
             py::arg("gain_db"))
        .def_readonly("sample_start", &recording_gain::sample_start)
        .def_readonly("gain_db", &recording_gain::gain_db);
}
} // namespace

void bind_recording_source(py::module& module)
{
    using gr::sentinel::recording_config;
    using gr::sentinel::recording_source;
    py::module::import("pmt"); // the default value below is one
    bind_segment(module);
    bind_gain(module);
    py::class_<recording_source,
               gr::sync_block,
               gr::block,
               gr::basic_block,
               std::shared_ptr<recording_source>>(
        module,
        "recording_source",
        "Samples of a raw recording or of standard input as complex floats, full scale "
        "1.0.\n"
        "Tags: sentinel_start, sentinel_step, rx_rate, rx_freq, rx_time, sentinel_end; "
        "sentinel_stream if `stream`, its value, is given, sentinel_gain if `gains` are. "
        "With `native` items stay cu8, ci8, cu16_le or ci16_le.")
        .def(py::init([](const std::string& path,
                         const std::string& format,
                         double sample_rate,
                         uint64_t byte_offset,
                         size_t channel,
                         size_t channel_count,
                         uint64_t sample_start,
                         int64_t sample_count,
                         const std::vector<gr::sentinel::recording_segment>& segments,
                         const pmt::pmt_t& stream,
                         bool native,
                         const std::vector<gr::sentinel::recording_gain>& gains) {
                 recording_config config;
                 config.path = path;
                 config.format = format;
                 config.sample_rate = sample_rate;
                 config.byte_offset = byte_offset;
                 config.channel = channel;
                 config.channel_count = channel_count;
                 config.sample_start = sample_start;
                 config.sample_count = sample_count;
                 config.segments = segments;
                 config.stream = stream;
                 config.native = native;
                 config.gains = gains;
                 return recording_source::make(config);
             }),
             py::arg("path"),
             py::arg("format"),
             py::arg("sample_rate"),
             py::arg("byte_offset") = 0,
             py::arg("channel") = 0,
             py::arg("channel_count") = 1,
             py::arg("sample_start") = 0,
             py::arg("sample_count") = -1,
             py::arg("segments") = std::vector<gr::sentinel::recording_segment>{},
             py::arg("stream") = pmt::PMT_NIL,
             py::arg("native") = false,
             py::arg("gains") = std::vector<gr::sentinel::recording_gain>{})
        .def("request_end",
             &recording_source::request_end,
             "End the stream with the next items; from any thread.")
        .def("samples_read", &recording_source::samples_read)
        .def("samples_clipped", &recording_source::samples_clipped)
        .def("samples_nonfinite", &recording_source::samples_nonfinite)
        .def("bytes_left_over", &recording_source::bytes_left_over)
        .def("failure",
             &recording_source::failure,
             "Why the input ended before its time; empty while all is well.");
}
