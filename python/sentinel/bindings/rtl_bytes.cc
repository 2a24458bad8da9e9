/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "module.h"

#include <gnuradio/sentinel/kernel/rtl_bytes.h>
#include <gnuradio/sentinel/rtl_byte_map.h>

void bind_rtl_bytes(py::module& module, py::module& kernel)
{
    kernel.def(
        "recover_rtl_bytes",
        [](const complex_array& samples) {
            const auto count = static_cast<size_t>(samples.size());
            py::array_t<uint8_t> bytes(static_cast<py::ssize_t>(2 * count));
            uint8_t* out = bytes.mutable_data();
            uint64_t inexact = 0;
            {
                py::gil_scoped_release release;
                inexact =
                    gr::sentinel::kernel::recover_rtl_bytes(samples.data(), count, out);
            }
            return py::make_tuple(bytes, inexact);
        },
        py::arg("samples").noconvert(),
        "Bytes (uint8, interleaved) that an RTL dongle sent, from what gr-osmosdr made "
        "of "
        "them,\n"
        "and the number of samples that were none of the driver's.");

    using gr::sentinel::rtl_byte_map;
    py::class_<rtl_byte_map,
               gr::sync_block,
               gr::block,
               gr::basic_block,
               std::shared_ptr<rtl_byte_map>>(
        module,
        "rtl_byte_map",
        "Turns what gr-osmosdr makes of an RTL dongle's bytes into what a recording of "
        "them gives:\n"
        "complex samples, or with `native` the bytes themselves.")
        .def(py::init(&rtl_byte_map::make), py::arg("native") = false)
        .def("samples_clipped", &rtl_byte_map::samples_clipped)
        .def("samples_inexact", &rtl_byte_map::samples_inexact);
}
