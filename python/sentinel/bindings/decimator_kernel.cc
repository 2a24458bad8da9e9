/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "module.h"

#include <gnuradio/sentinel/kernel/cascade_decimator.h>
#include <gnuradio/sentinel/kernel/cascade_design.h>

#include <stdexcept>

namespace {

using namespace gr::sentinel::kernel;

complex_array push(cascade_decimator& self, const complex_array& samples)
{
    if (samples.ndim() != 1)
        throw std::invalid_argument("decimator: samples must be a one-dimensional array");
    const size_t count = static_cast<size_t>(samples.size());
    const size_t due = self.outputs_after(count);
    complex_array outputs(static_cast<py::ssize_t>(due));
    const gr_complex* in = samples.data();
    gr_complex* out = outputs.mutable_data();
    {
        py::gil_scoped_release release;
        // Room for one more than can come: a full output would end the call early.
        self.process(in, count, out, due + 1);
    }
    return outputs;
}

complex_array flush(cascade_decimator& self)
{
    const size_t due = self.outputs_at_end();
    complex_array outputs(static_cast<py::ssize_t>(due));
    gr_complex* out = outputs.mutable_data();
    {
        py::gil_scoped_release release;
        self.flush(out, due);
    }
    return outputs;
}

py::array_t<double> gains(const std::vector<size_t>& factors,
                          const std::vector<double>& frequencies)
{
    py::array_t<double> values(static_cast<py::ssize_t>(frequencies.size()));
    double* value = values.mutable_data();
    for (double frequency : frequencies)
        *value++ = cascade_gain(factors, frequency);
    return values;
}

} // namespace

void bind_decimator_kernel(py::module& kernel)
{
    kernel.def("cascade_factors",
               &cascade_factors,
               py::arg("decimation"),
               "Factors of the stages of a decimation, largest first, each 2 to 10.");
    kernel.def(
        "cascade_taps",
        [](size_t factor) {
            const auto taps = cascade_taps(factor);
            return py::array_t<double>(taps.size(), taps.data());
        },
        py::arg("factor"),
        "Taps of a stage, float64 (16 factor + 1,): Hamming-windowed sinc.");
    kernel.def("cascade_delay",
               &cascade_delay,
               py::arg("factors"),
               "Group delay of a cascade in samples of its input.");
    kernel.def("cascade_gain",
               &gains,
               py::arg("factors"),
               py::arg("frequencies"),
               "Signed gain at frequencies in cycles per input sample, float64 (n,), the "
               "delay taken out.");
    kernel.def(
        "usable_band",
        [](const std::vector<size_t>& factors, double loss_db, double alias_db) {
            const auto band = usable_band(factors, loss_db, alias_db);
            return py::make_tuple(band.flat, band.clean);
        },
        py::arg("factors"),
        py::arg("loss_db") = 1.0,
        py::arg("alias_db") = -40.0,
        "Half-widths in cycles per output sample: where the gain is at least -loss_db, "
        "where aliases are at most alias_db.");

    py::class_<cascade_decimator>(
        kernel,
        "cascade_decimator",
        "One narrow channel of a wide stream: sample n times exp(2j pi shift n / fs), "
        "then a\n"
        "cascade of decimating low-passes. Output n is centred on input n * decimation.")
        .def(py::init<double, size_t, double>(),
             py::arg("sample_rate"),
             py::arg("decimation"),
             py::arg("shift_hz") = 0.0)
        .def("push",
             &push,
             py::arg("samples").noconvert(),
             "Take complex64 samples (n,); return the outputs now due, complex64.")
        .def("flush", &flush, "Return the outputs still due, zeros following the input.")
        .def("reset",
             &cascade_decimator::reset,
             py::arg("first_index") = 0,
             "Begin anew; the next sample has this index for the oscillator.")
        .def("tune",
             &cascade_decimator::tune,
             py::arg("shift_hz"),
             py::arg("sample_rate"),
             "Tune anew from the next sample on.")
        .def_property_readonly("decimation", &cascade_decimator::decimation)
        .def_property_readonly("factors", &cascade_decimator::factors);
}
