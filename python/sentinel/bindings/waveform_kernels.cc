/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "module.h"

#include <gnuradio/sentinel/kernel/complex_filter.h>
#include <gnuradio/sentinel/kernel/modulated_carrier.h>
#include <gnuradio/sentinel/kernel/receiver_output.h>
#include <gnuradio/sentinel/kernel/swept_carrier.h>

#include <map>
#include <stdexcept>

using namespace gr::sentinel::kernel;

namespace {
using knot_array = py::array_t<double, py::array::c_style>;

void add_carrier(modulated_carrier& self,
                 const knot_array& frequency,
                 const float_array& amplitude,
                 complex_array& out)
{
    constexpr auto interval = static_cast<py::ssize_t>(modulated_carrier::interval);
    const auto intervals = frequency.size() - 1;
    if (intervals < 0 || amplitude.size() != frequency.size() ||
        out.size() != intervals * interval)
        throw std::invalid_argument(
            "frequency and amplitude need one knot per 8 samples of out, and one more");
    gr_complex* to = out.mutable_data();
    py::gil_scoped_release release;
    self.add(frequency.data(), amplitude.data(), intervals, to);
}

void filter(complex_filter& self, complex_array& samples)
{
    gr_complex* data = samples.mutable_data();
    const size_t count = samples.size();
    py::gil_scoped_release release;
    self.process(data, data, count);
}

swept_carrier make_sweep(double low,
                         double high,
                         double period,
                         double jitter,
                         const std::string& shape,
                         bool coherent,
                         size_t factor,
                         const std::vector<float>& taps,
                         uint64_t seed)
{
    const std::map<std::string, sweep::form> forms{ { "up", sweep::form::up },
                                                    { "down", sweep::form::down },
                                                    { "triangle",
                                                      sweep::form::triangle } };
    const auto form = forms.find(shape);
    if (form == forms.end())
        throw std::invalid_argument("shape must be up, down or triangle");
    return swept_carrier(
        sweep{ low, high, period, jitter, form->second, coherent }, factor, taps, seed);
}

void bind_sources(py::module& kernel)
{
    py::class_<modulated_carrier>(
        kernel,
        "modulated_carrier",
        "A carrier whose frequency and amplitude follow straight lines between knots")
        .def(py::init<double>(), py::arg("phase") = 0.0)
        .def(
            "add",
            &add_carrier,
            py::arg("frequency").noconvert(),
            py::arg("amplitude").noconvert(),
            py::arg("out").noconvert(),
            "Add to `out`, 8 samples per interval between knots; frequency in cycles per "
            "sample.");

    py::class_<swept_carrier>(
        kernel, "swept_carrier", "A fast sweep, filtered and decimated as it is made")
        .def(py::init(&make_sweep),
             py::arg("low"),
             py::arg("high"),
             py::arg("period"),
             py::arg("jitter"),
             py::arg("shape"),
             py::arg("coherent"),
             py::arg("factor"),
             py::arg("taps"),
             py::arg("seed"))
        .def(
            "generate",
            [](swept_carrier& self, size_t count) {
                complex_array samples(static_cast<py::ssize_t>(count));
                gr_complex* out = samples.mutable_data();
                {
                    py::gil_scoped_release release;
                    self.generate(out, count);
                }
                return samples;
            },
            py::arg("count"),
            "Return `count` new samples as a complex64 array.");

    py::class_<complex_filter>(
        kernel, "complex_filter", "Filter with complex taps, its history kept")
        .def(py::init<const std::vector<gr_complex>&>(), py::arg("taps"))
        .def("process",
             &filter,
             py::arg("samples").noconvert(),
             "Filter the samples in place: new arrays of this size cost more than the "
             "work.");
}
} // namespace

void bind_waveform_kernels(py::module& kernel)
{
    bind_sources(kernel);
    py::class_<receiver_output>(
        kernel, "receiver_output", "IQ imbalance, offset, gain, rounding and clipping")
        .def(py::init([](double iq_gain, double iq_phase, double dc_i, double dc_q) {
                 return receiver_output{ iq_gain, iq_phase, dc_i, dc_q };
             }),
             py::arg("iq_gain") = 1.0,
             py::arg("iq_phase") = 0.0,
             py::arg("dc_i") = 0.0,
             py::arg("dc_q") = 0.0)
        .def(
            "to_cu8",
            [](const receiver_output& self,
               const complex_array& samples,
               double gain_first,
               double gain_last) {
                py::array_t<uint8_t> bytes(2 * samples.size());
                uint8_t* out = bytes.mutable_data();
                size_t railed;
                {
                    py::gil_scoped_release release;
                    railed = self.to_cu8(
                        samples.data(), samples.size(), gain_first, gain_last, out);
                }
                return py::make_tuple(bytes, railed);
            },
            py::arg("samples").noconvert(),
            py::arg("gain_first"),
            py::arg("gain_last"),
            "Return interleaved bytes, and the number of samples at a rail.")
        .def(
            "to_cf32",
            [](const receiver_output& self,
               const complex_array& samples,
               double gain_first,
               double gain_last) {
                complex_array result(samples.size());
                gr_complex* out = result.mutable_data();
                {
                    py::gil_scoped_release release;
                    self.to_cf32(
                        samples.data(), samples.size(), gain_first, gain_last, out);
                }
                return result;
            },
            py::arg("samples").noconvert(),
            py::arg("gain_first"),
            py::arg("gain_last"),
            "Return complex64 before rounding and clipping.");
}
