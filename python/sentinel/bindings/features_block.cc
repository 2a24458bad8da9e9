/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "module.h"

#include <gnuradio/sentinel/channelizer_features.h>

#include <cmath>
#include <stdexcept>

namespace {

using gr::sentinel::channelizer_features;

size_t snapshot_length(double sample_rate, double snapshot_s)
{
    const double samples = std::nearbyint(sample_rate * snapshot_s);
    if (!(samples >= 1 && samples < 1e12))
        throw std::invalid_argument("channelizer_features: snapshot_s times sample_rate "
                                    "must be at least one sample per channel");
    return static_cast<size_t>(samples);
}

channelizer_features::sptr make(double sample_rate,
                                const std::string& format,
                                size_t channels,
                                size_t taps_per_channel,
                                double snapshot_s,
                                double dc_window_s,
                                bool coherence)
{
    channelizer_features::config settings;
    settings.sample_rate = sample_rate;
    settings.format = gr::sentinel::kernel::parse_sample_format(format);
    settings.channels = channels;
    settings.taps =
        gr::sentinel::kernel::channelizer_prototype(channels, taps_per_channel);
    settings.snapshot_samples = snapshot_length(sample_rate, snapshot_s);
    settings.dc_window_s = dc_window_s;
    settings.coherence = coherence;
    return channelizer_features::make(settings);
}

} // namespace

void bind_features_block(py::module& module)
{
    py::class_<channelizer_features,
               gr::block,
               gr::basic_block,
               std::shared_ptr<channelizer_features>>(
        module,
        "channelizer_features",
        "Power, kurtosis and coherence of each channel of a band, one record per "
        "snapshot.\n"
        "Input pairs of 8 or 16 bit, or complex64, as `format` says. Output 0 the "
        "record, "
        "1 power\n"
        "in dBFS, 2 kurtosis; message port `features`, one dict per snapshot.")
        .def(py::init(&make),
             py::arg("sample_rate"),
             py::arg("format") = "cf32_le",
             py::arg("channels") = 64,
             py::arg("taps_per_channel") = 8,
             py::arg("snapshot_s") = 1.0,
             py::arg("dc_window_s") = 0.1,
             py::arg("coherence") = true)
        .def_property_readonly("record_length",
                               &channelizer_features::record_length,
                               "Floats in one record.")
        .def_property_readonly("snapshot_samples",
                               &channelizer_features::snapshot_samples);
}
