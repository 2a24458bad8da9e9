/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "module.h"

#include <gnuradio/sentinel/kernel/gaussian_noise.h>

void bind_gaussian_noise(py::module& kernel)
{
    using gr::sentinel::kernel::gaussian_noise;
    py::class_<gaussian_noise>(
        kernel, "gaussian_noise", "Circular complex white noise, E|x|^2 = 1, from a seed")
        .def(py::init<uint64_t>(), py::arg("seed"))
        .def(
            "generate",
            [](gaussian_noise& self, size_t count) {
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
}
