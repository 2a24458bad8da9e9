/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "module.h"

#include <gnuradio/sentinel/kernel/sample_format.h>

#include <stdexcept>

void bind_sample_format(py::module& kernel)
{
    using namespace gr::sentinel::kernel;
    using byte_array = py::array_t<uint8_t, py::array::c_style>;

    kernel.def(
        "sample_format_name",
        [](const std::string& name) {
            return std::string(sample_format_name(parse_sample_format(name)));
        },
        py::arg("name"),
        "SigMF name of a sample format (cs16 gives ci16_le); ValueError if unknown.");
    kernel.def(
        "bytes_per_sample",
        [](const std::string& format) {
            return bytes_per_sample(parse_sample_format(format));
        },
        py::arg("format"),
        "Bytes of one complex sample of one channel.");
    kernel.def(
        "clipping_is_known",
        [](const std::string& format) {
            return clipping_is_known(parse_sample_format(format));
        },
        py::arg("format"),
        "True for the integer formats, where clipping can be seen.");
    kernel.def(
        "convert_samples",
        [](const byte_array& native,
           const std::string& format_name,
           size_t channel,
           size_t channel_count) {
            const auto format = parse_sample_format(format_name);
            const size_t frame = bytes_per_sample(format) * channel_count;
            if (frame == 0 || native.size() % frame != 0)
                throw std::invalid_argument("native holds " +
                                            std::to_string(native.size()) +
                                            " bytes, not a whole number of " +
                                            std::to_string(frame) + "-byte samples");
            const size_t count = native.size() / frame;
            complex_array samples(static_cast<py::ssize_t>(count));
            gr_complex* out = samples.mutable_data();
            sample_counts counts;
            {
                py::gil_scoped_release release;
                counts = convert_samples(
                    format, native.data(), count, out, channel, channel_count);
            }
            return py::make_tuple(samples, counts.clipped, counts.nonfinite);
        },
        py::arg("native").noconvert(),
        py::arg("format"),
        py::arg("channel") = 0,
        py::arg("channel_count") = 1,
        "Convert bytes (uint8 array of whole samples) to complex64 with full scale "
        "1.0.\n\n"
        "Return (samples, clipped, nonfinite): clipped counts samples at a rail of the\n"
        "native type (always 0 for floats), nonfinite those replaced by 0.");
}
