/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "module.h"

#include <gnuradio/sentinel/kernel/channelizer.h>

#include <stdexcept>

namespace {

using gr::sentinel::kernel::channelizer;

channelizer::method method_named(const std::string& name)
{
    if (name == "automatic")
        return channelizer::method::automatic;
    if (name == "fft")
        return channelizer::method::fft;
    if (name == "direct")
        return channelizer::method::direct;
    throw std::invalid_argument("channelizer: method '" + name +
                                "' is none of automatic, fft, direct");
}

channelizer make(double sample_rate,
                 size_t decimation,
                 size_t fft_size,
                 std::vector<float> taps,
                 const std::vector<size_t>& bins,
                 const std::vector<double>& residual_hz,
                 int64_t delay,
                 const std::string& method)
{
    if (!residual_hz.empty() && residual_hz.size() != bins.size())
        throw std::invalid_argument("channelizer: residual_hz needs one value per bin");
    std::vector<channelizer::tuning> channels;
    for (size_t i = 0; i < bins.size(); i++)
        channels.push_back({ bins[i], residual_hz.empty() ? 0.0 : residual_hz[i] });
    return channelizer({ sample_rate,
                         decimation,
                         fft_size,
                         std::move(taps),
                         std::move(channels),
                         delay,
                         method_named(method) });
}

complex_array empty_outputs(const channelizer& self, size_t times)
{
    return complex_array(
        { static_cast<py::ssize_t>(times), static_cast<py::ssize_t>(self.count()) });
}

complex_array push(channelizer& self, const complex_array& samples)
{
    if (samples.ndim() != 1)
        throw std::invalid_argument(
            "channelizer: samples must be a one-dimensional array");
    const size_t count = static_cast<size_t>(samples.size());
    const size_t times = self.outputs_after(count);
    complex_array outputs = empty_outputs(self, times);
    const gr_complex* in = samples.data();
    gr_complex* out = outputs.mutable_data();
    {
        py::gil_scoped_release release;
        // Room for one more than can come: a full output would end the call early.
        self.process(in, count, out, times + 1);
    }
    return outputs;
}

complex_array flush(channelizer& self)
{
    const size_t times = self.outputs_at_end();
    complex_array outputs = empty_outputs(self, times);
    gr_complex* out = outputs.mutable_data();
    {
        py::gil_scoped_release release;
        self.flush(out, times);
    }
    return outputs;
}

} // namespace

void bind_channelizer_kernel(py::module& kernel)
{
    py::class_<channelizer>(
        kernel,
        "channelizer",
        "Polyphase filter bank by weighted overlap-add. Output n of a channel is centred "
        "on\n"
        "input n * decimation and mixed down with phase zero at input 0:\n"
        "sum_l taps[l] x[n D + delay - l] exp(-2j pi k (n D + delay - l) / fft_size), "
        "then\n"
        "turned by exp(-2j pi residual_hz n D / sample_rate).")
        .def(py::init(&make),
             py::arg("sample_rate"),
             py::arg("decimation"),
             py::arg("fft_size"),
             py::arg("taps"),
             py::arg("bins"),
             py::arg("residual_hz") = std::vector<double>(),
             py::arg("delay") = -1,
             py::arg("method") = "automatic")
        .def("push",
             &push,
             py::arg("samples").noconvert(),
             "Take complex64 samples (n,); return the outputs now due, complex64 (n_out, "
             "C).")
        .def("flush", &flush, "Return the outputs still due, zeros following the input.")
        .def("reset",
             &channelizer::reset,
             py::arg("first_output") = 0,
             "Begin anew; the next sample is input `first_output` * decimation.")
        .def(
            "retune",
            [](channelizer& self, size_t channel, size_t bin, double residual_hz) {
                self.retune(channel, { bin, residual_hz });
            },
            py::arg("channel"),
            py::arg("bin"),
            py::arg("residual_hz") = 0.0,
            "Tune one channel anew from the next output on.")
        .def_static(
            "tune",
            [](double frequency_hz, double sample_rate, size_t fft_size) {
                const auto tuning =
                    channelizer::tune(frequency_hz, sample_rate, fft_size);
                return py::make_tuple(tuning.bin, tuning.residual_hz);
            },
            py::arg("frequency_hz"),
            py::arg("sample_rate"),
            py::arg("fft_size"),
            "Nearest bin of a frequency and the residual in Hz.")
        .def_property_readonly("count", &channelizer::count, "Channels per output time.")
        .def_property_readonly("uses_fft", &channelizer::uses_fft)
        .def_property_readonly("next_output", &channelizer::next_output);
}
