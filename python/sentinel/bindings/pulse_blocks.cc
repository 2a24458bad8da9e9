/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "module.h"

#include <gnuradio/sentinel/kfold_integrator.h>
#include <gnuradio/sentinel/wmatrix_stft.h>

using namespace gr::sentinel;

void bind_pulse_blocks(py::module& module)
{
    py::class_<wmatrix_stft, gr::block, gr::basic_block, std::shared_ptr<wmatrix_stft>>(
        module,
        "wmatrix_stft",
        "W-weighted short-time Fourier transform, see the C++ header")
        .def(py::init(&wmatrix_stft::make),
             py::arg("window"),
             py::arg("hop"),
             py::arg("rows") = 0,
             py::arg("channels") = 1,
             py::arg("pulse_template") = std::vector<gr_complex>())
        .def_property_readonly("rows", &wmatrix_stft::rows);

    py::class_<kfold_watch>(module, "kfold_watch", "One tag that is looked for")
        .def(py::init([](size_t channel,
                         const kernel::pulse_train_geometry& geometry,
                         float threshold,
                         size_t most,
                         double merge) {
                 return kfold_watch{ channel, geometry, threshold, most, merge };
             }),
             py::arg("channel"),
             py::arg("geometry"),
             py::arg("threshold"),
             py::arg("most") = 1,
             py::arg("merge") = 0.25)
        .def_readonly("channel", &kfold_watch::channel)
        .def_readonly("geometry", &kfold_watch::geometry)
        .def_readonly("threshold", &kfold_watch::threshold)
        .def_readonly("most", &kfold_watch::most)
        .def_readonly("merge", &kfold_watch::merge);

    py::class_<kfold_integrator,
               gr::sync_block,
               gr::block,
               gr::basic_block,
               std::shared_ptr<kfold_integrator>>(
        module,
        "kfold_integrator_core",
        "K-fold integration and decision, see the C++ header")
        .def(py::init(&kfold_integrator::make),
             py::arg("rows"),
             py::arg("channels"),
             py::arg("watches"),
             py::arg("pulse_template") = std::vector<gr_complex>())
        .def("set_watch",
             &kfold_integrator::set_watch,
             py::call_guard<py::gil_scoped_release>(),
             py::arg("index"),
             py::arg("watch"));
}
