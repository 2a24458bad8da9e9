/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "module.h"

#include <gnuradio/sentinel/kernel/noise_floor.h>
#include <gnuradio/sentinel/kernel/pulse_fold.h>
#include <gnuradio/sentinel/kernel/pulse_null.h>
#include <gnuradio/sentinel/kernel/pulse_train_search.h>
#include <gnuradio/sentinel/kernel/wmatrix_stft.h>

#include <optional>

using namespace gr::sentinel::kernel;

namespace {
template <typename array>
auto table(const array& cells, const pulse_train_geometry& geometry)
{
    const size_t windows = geometry.cycle_windows(), rows = geometry.rows;
    if (cells.ndim() != 2 || cells.shape(0) != static_cast<py::ssize_t>(windows) ||
        cells.shape(1) != static_cast<py::ssize_t>(rows))
        throw std::invalid_argument("a cycle must have the shape (" +
                                    std::to_string(windows) + ", " +
                                    std::to_string(rows) + ")");
    return cells.data();
}

complex_array stft(wmatrix_stft& self,
                   const complex_array& samples,
                   size_t hop,
                   const std::optional<complex_array>& out)
{
    if (samples.ndim() != 1 || hop < 1)
        throw std::invalid_argument("samples must be one-dimensional and hop at least 1");
    const size_t count = samples.size() < static_cast<py::ssize_t>(self.window())
                             ? 0
                             : (samples.size() - self.window()) / hop + 1;
    complex_array scores = out ? *out : complex_array({ count, self.rows() });
    if (scores.ndim() != 2 || scores.shape(0) != static_cast<py::ssize_t>(count) ||
        scores.shape(1) != static_cast<py::ssize_t>(self.rows()))
        throw std::invalid_argument("out must have the shape (" + std::to_string(count) +
                                    ", " + std::to_string(self.rows()) + ")");
    const gr_complex* from = samples.data();
    gr_complex* to = scores.mutable_data();
    {
        py::gil_scoped_release release;
        for (size_t w = 0; w < count; w++)
            self.transform(from + w * hop, to + w * self.rows());
    }
    return scores;
}

// Long loops ask for pending signals, so that Ctrl-C ends a calibration at once.
bool no_signal_pending()
{
    py::gil_scoped_acquire acquire;
    if (PyErr_CheckSignals() != 0)
        throw py::error_already_set();
    return true;
}
} // namespace

void bind_pulse_kernels(py::module& kernel)
{
    py::class_<pulse_train_geometry>(kernel,
                                     "pulse_train_geometry",
                                     "What fixes the statistics of a pulse-train search")
        .def(py::init([](size_t window,
                         size_t hop,
                         size_t rows,
                         double interval_samples,
                         unsigned pulses,
                         double lowest,
                         double highest) {
                 pulse_train_geometry geometry{ window, hop,    rows,   interval_samples,
                                                pulses, lowest, highest };
                 geometry.validate();
                 return geometry;
             }),
             py::arg("window"),
             py::arg("hop"),
             py::arg("rows"),
             py::arg("interval_samples"),
             py::arg("pulses"),
             py::arg("lowest") = -0.5,
             py::arg("highest") = 0.5)
        .def_readonly("window", &pulse_train_geometry::window)
        .def_readonly("hop", &pulse_train_geometry::hop)
        .def_readonly("rows", &pulse_train_geometry::rows)
        .def_readonly("interval_samples", &pulse_train_geometry::interval_samples)
        .def_readonly("pulses", &pulse_train_geometry::pulses)
        .def_readonly("lowest", &pulse_train_geometry::lowest)
        .def_readonly("highest", &pulse_train_geometry::highest)
        .def_property_readonly("interval_windows",
                               &pulse_train_geometry::interval_windows)
        .def_property_readonly("cycle_windows", &pulse_train_geometry::cycle_windows)
        .def_property_readonly("cycle_samples", &pulse_train_geometry::cycle_samples)
        .def_property_readonly("starts", &pulse_train_geometry::starts);

    py::enum_<verdict>(
        kernel, "verdict", "Why a train above the threshold is not declared")
        .value("pulses", verdict::pulses)
        .value("level", verdict::level)
        .value("traffic", verdict::traffic)
        .value("missing", verdict::missing)
        .value("faster", verdict::faster);

    py::class_<pulse_train>(kernel, "pulse_train", "One pulse train found in one cycle")
        .def_readonly("start", &pulse_train::start)
        .def_readonly("frequency", &pulse_train::frequency)
        .def_readonly("interval", &pulse_train::interval)
        .def_readonly("score", &pulse_train::score)
        .def_readonly("traffic_score", &pulse_train::traffic_score)
        .def_readonly("noise", &pulse_train::noise)
        .def_readonly("reason", &pulse_train::reason)
        .def_readonly("pulse_starts", &pulse_train::pulse_starts)
        .def_readonly("pulse_scores", &pulse_train::pulse_scores);

    py::class_<wmatrix_stft>(
        kernel, "wmatrix_stft", "Matched-filter outputs of one window at all frequencies")
        .def(py::init<size_t, size_t, const std::vector<gr_complex>&>(),
             py::arg("window"),
             py::arg("rows"),
             py::arg("pulse_template") = std::vector<gr_complex>())
        .def_property_readonly("window", &wmatrix_stft::window)
        .def_property_readonly("rows", &wmatrix_stft::rows)
        .def("__call__",
             &stft,
             py::arg("samples").noconvert(),
             py::arg("hop"),
             py::arg("out") = py::none(),
             "Scores (windows, rows) of a complex64 array, rows ascending in frequency; "
             "written to `out` where that is given.")
        .def(
            "recover",
            [](wmatrix_stft& self, const complex_array& scores) {
                if (scores.size() != static_cast<py::ssize_t>(self.rows()))
                    throw std::invalid_argument("one window of scores is needed");
                complex_array samples(static_cast<py::ssize_t>(self.window()));
                self.recover(scores.data(), samples.mutable_data());
                return samples;
            },
            py::arg("scores").noconvert(),
            "The samples one window of scores was made of.");

    kernel.def(
        "wmatrix",
        [](const std::vector<std::complex<double>>& pulse_template,
           const std::vector<double>& zetas) {
            const auto matrix = wmatrix(pulse_template, zetas);
            py::array_t<std::complex<double>> result(
                { pulse_template.size(), pulse_template.size() * zetas.size() });
            std::copy(matrix.begin(), matrix.end(), result.mutable_data());
            return result;
        },
        py::arg("pulse_template"),
        py::arg("zetas"),
        "The explicit W matrix (window, window * zetas), first column at 0 Hz.");
    kernel.def("fast_rows", &fast_rows, py::arg("window"));

    kernel.def(
        "noise_floor",
        [](const float_array& power) {
            if (power.ndim() != 2)
                throw std::invalid_argument("power must have the shape (windows, rows)");
            noise_floor estimator(power.shape(0), power.shape(1));
            float_array noise(power.shape(1));
            estimator.estimate(power.data(), noise.mutable_data());
            return noise;
        },
        py::arg("power").noconvert(),
        "Noise power of each row of a (windows, rows) float32 table that also holds "
        "signals.");

    py::class_<pulse_fold>(kernel, "pulse_fold", "K-fold integration over a cycle")
        .def(py::init<const pulse_train_geometry&>(), py::arg("geometry"))
        .def(
            "peaks",
            [](pulse_fold& self, const float_array& normalized, size_t most) {
                std::vector<std::tuple<size_t, size_t, float>> result;
                const float* cells = table(normalized, self.geometry());
                for (const auto& tile : self.tiles(cells, most)) {
                    const auto peak = self.best_of(cells, tile);
                    result.emplace_back(peak.start, peak.row, peak.value);
                }
                return result;
            },
            py::arg("normalized").noconvert(),
            py::arg("most"),
            "The best (start, row, value) of the folded table.");

    py::class_<pulse_train_search>(
        kernel, "pulse_train_search", "Finds trains of K pulses in one cycle of scores")
        .def(py::init<const pulse_train_geometry&, const std::vector<gr_complex>&>(),
             py::arg("geometry"),
             py::arg("pulse_template") = std::vector<gr_complex>())
        .def(
            "search",
            [](pulse_train_search& self,
               const complex_array& scores,
               float threshold,
               size_t most,
               double merge,
               std::optional<flag_array> filled) {
                const gr_complex* in = table(scores, self.geometry());
                if (filled && static_cast<size_t>(filled->size()) !=
                                  self.geometry().cycle_windows())
                    throw std::invalid_argument("filled must have one flag per window");
                const unsigned char* flags = filled ? filled->data() : nullptr;
                py::gil_scoped_release release;
                return self.search(in, threshold, most, merge, flags);
            },
            py::arg("scores").noconvert(),
            py::arg("threshold"),
            py::arg("most") = 1,
            py::arg("merge") = 0.25,
            py::arg("filled") = py::none(),
            "`filled`: uint8, one per window, 1 where a filled sample lies in it.")
        .def(
            "maximum",
            [](pulse_train_search& self, const complex_array& scores) {
                const gr_complex* in = table(scores, self.geometry());
                py::gil_scoped_release release;
                return self.maximum(in);
            },
            py::arg("scores").noconvert())
        .def_property_readonly("best_score", &pulse_train_search::best_score)
        .def_property_readonly("noise", &pulse_train_search::noise);

    kernel.def(
        "pulse_null_maxima",
        [](const pulse_train_geometry& geometry,
           size_t trials,
           uint64_t seed,
           const std::vector<gr_complex>& pulse_template) {
            std::vector<float> maxima;
            {
                py::gil_scoped_release release;
                maxima = pulse_null_maxima(
                    geometry, pulse_template, trials, seed, no_signal_pending);
            }
            float_array result(static_cast<py::ssize_t>(maxima.size()));
            std::copy(maxima.begin(), maxima.end(), result.mutable_data());
            return result;
        },
        py::arg("geometry"),
        py::arg("trials"),
        py::arg("seed"),
        py::arg("pulse_template") = std::vector<gr_complex>(),
        "Strongest score of each of `trials` cycles of white noise.");
}
