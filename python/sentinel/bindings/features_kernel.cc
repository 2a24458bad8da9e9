/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "module.h"

#include <gnuradio/sentinel/kernel/channelizer_features.h>

#include <algorithm>
#include <stdexcept>

namespace {

using namespace gr::sentinel::kernel;

channelizer_features make(double sample_rate,
                          const std::string& format,
                          size_t channels,
                          std::vector<float> taps,
                          size_t snapshot_samples,
                          double dc_window_s,
                          bool coherence)
{
    channelizer_features::config settings;
    settings.sample_rate = sample_rate;
    settings.format = parse_sample_format(format);
    settings.channels = channels;
    settings.taps = std::move(taps);
    settings.snapshot_samples = snapshot_samples;
    settings.dc_window_s = dc_window_s;
    settings.coherence = coherence;
    return channelizer_features(std::move(settings));
}

const char* array_type(sample_format format)
{
    switch (format) {
    case sample_format::cu8:
        return "uint8";
    case sample_format::ci8:
        return "int8";
    case sample_format::cu16_le:
        return "uint16";
    case sample_format::ci16_le:
        return "int16";
    default:
        return "complex64";
    }
}

//! Samples of an array; it must be of the format's own type, as a copy would hide a cost.
size_t samples_in(const channelizer_features& self, const py::array& native)
{
    const auto format = self.settings().format;
    const char* type = array_type(format);
    const bool complex = format == sample_format::cf32_le;
    if (!native.dtype().is(py::dtype(type)) || native.ndim() != 1 ||
        !(native.flags() & py::array::c_style))
        throw py::type_error(
            std::string("channelizer_features: ") + sample_format_name(format) +
            " samples come as one-dimensional contiguous array of " + type);
    const auto size = static_cast<size_t>(native.size());
    if (!complex && size % 2 != 0)
        throw std::invalid_argument(
            "channelizer_features: " + std::to_string(size) +
            " components were given, samples need an even number of them");
    return complex ? size : size / 2;
}

float_array as_array(const std::vector<float>& records, size_t length)
{
    float_array made({ static_cast<py::ssize_t>(records.size() / length),
                       static_cast<py::ssize_t>(length) });
    std::copy(records.begin(), records.end(), made.mutable_data());
    return made;
}

//! Calls `step` with room for some more records until it gives none.
template <typename action>
float_array gather(channelizer_features& self, action step)
{
    const size_t length = self.record_length();
    constexpr size_t room = 64;
    std::vector<float> records;
    {
        py::gil_scoped_release release;
        for (size_t got = room; got == room;) {
            const size_t before = records.size();
            records.resize(before + room * length);
            got = step(records.data() + before, room);
            records.resize(before + got * length);
        }
    }
    return as_array(records, length);
}

float_array process(channelizer_features& self, const py::array& native)
{
    size_t count = samples_in(self, native);
    const size_t bytes = bytes_per_sample(self.settings().format);
    const auto* in = static_cast<const unsigned char*>(native.data());
    return gather(self, [&](float* records, size_t room) {
        const auto step = self.process(in, count, records, room);
        in += step.consumed * bytes;
        count -= step.consumed;
        return step.produced;
    });
}

float_array skip(channelizer_features& self, size_t count)
{
    return gather(self, [&](float* records, size_t room) {
        const auto step = self.skip(count, records, room);
        count -= step.consumed;
        return step.produced;
    });
}

float_array finish(channelizer_features& self)
{
    return gather(
        self, [&](float* records, size_t room) { return self.finish(records, room); });
}

} // namespace

void bind_features_kernel(py::module& kernel)
{
    kernel.def(
        "channelizer_prototype",
        [](size_t channels, size_t taps_per_channel) {
            const auto taps = channelizer_prototype(channels, taps_per_channel);
            return float_array(static_cast<py::ssize_t>(taps.size()), taps.data());
        },
        py::arg("channels"),
        py::arg("taps_per_channel") = 8,
        "Hann-windowed sinc, -6 dB at the channel edge, channels * sum h^2 = 1; with "
        "one\n"
        "tap per channel the Hann window. float32 (channels * taps_per_channel,).");

    py::class_<channelizer_features>(
        kernel,
        "channelizer_features",
        "One record of spectral statistics per snapshot: power, kurtosis, coherence of "
        "each\n"
        "channel in ascending frequency, then the scalars of "
        "gnss.snapshots.RECORD_SCALARS.")
        .def(py::init(&make),
             py::arg("sample_rate"),
             py::arg("format"),
             py::arg("channels"),
             py::arg("taps"),
             py::arg("snapshot_samples"),
             py::arg("dc_window_s") = 0.1,
             py::arg("coherence") = true)
        .def(
            "process",
            &process,
            py::arg("native"),
            "Take samples, complex64 (n,) or interleaved integers (2 n,) of the format's "
            "type;\n"
            "return the records now due, float32 (r, record_length).")
        .def("skip",
             &skip,
             py::arg("count"),
             "Take samples that were filled in; return the records now due.")
        .def("finish",
             &finish,
             "No more samples come; return the records still due, the last one perhaps "
             "short.")
        .def("add_lost",
             &channelizer_features::add_lost,
             py::arg("samples"),
             "So many samples are missing before the next one.")
        .def("set_gain",
             &channelizer_features::set_gain,
             py::arg("gain_db"),
             "Gain of the receiver from the next sample on.")
        .def("reset", &channelizer_features::reset, "Begin anew with sample 0.")
        .def_property_readonly("record_length", &channelizer_features::record_length)
        .def_property_readonly("block_samples",
                               &channelizer_features::block_samples,
                               "Samples of a block of the moving mean.")
        .def_property_readonly("next_sample", &channelizer_features::next_sample);
}
