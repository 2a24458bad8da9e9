/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "module.h"

#include <gnuradio/sentinel/kernel/sample_clock.h>
#include <gnuradio/sentinel/kernel/udp_iq_packet.h>
#include <gnuradio/sentinel/kernel/zmq_iq_packet.h>

#include <cstring>
#include <stdexcept>
#include <string_view>

namespace {
using namespace gr::sentinel::kernel;

//! Bytes, not array arithmetic: the samples' bits arrive as they are.
complex_array samples_of(const void* bytes, size_t count)
{
    complex_array samples(static_cast<py::ssize_t>(count));
    std::memcpy(
        static_cast<void*>(samples.mutable_data()), bytes, count * sizeof(gr_complex));
    return samples;
}

py::bytes
join(const unsigned char* header, size_t header_bytes, const complex_array& samples)
{
    std::string bytes(header_bytes + samples.size() * sizeof(gr_complex), '\0');
    std::memcpy(bytes.data(), header, header_bytes);
    std::memcpy(bytes.data() + header_bytes, samples.data(), bytes.size() - header_bytes);
    return py::bytes(bytes);
}

py::tuple parse_udp(const py::bytes& datagram)
{
    const std::string_view view = datagram;
    udp_iq_packet packet;
    const auto fault = parse_udp_iq_packet(view.data(), view.size(), packet);
    if (fault != udp_iq_fault::none)
        throw std::invalid_argument(udp_iq_fault_name(fault));
    return py::make_tuple(packet.seconds,
                          packet.nanoseconds,
                          samples_of(packet.samples, packet.sample_count));
}

py::bytes write_udp(uint64_t time_ns, const complex_array& samples)
{
    unsigned char header[udp_iq_header_bytes];
    write_udp_iq_header(time_ns, header);
    return join(header, sizeof(header), samples);
}

py::tuple parse_zmq(const py::bytes& frame)
{
    const std::string_view view = frame;
    zmq_iq_header header;
    const auto fault = parse_zmq_iq_header(view.data(), view.size(), header);
    if (fault != zmq_iq_fault::none)
        throw std::invalid_argument(zmq_iq_fault_name(fault));
    py::dict fields;
    fields["header_size"] = header.header_size;
    fields["sequence"] = header.sequence;
    fields["timestamp_us"] = header.timestamp_us;
    fields["sample_rate"] = header.sample_rate;
    fields["sample_count"] = header.sample_count;
    fields["payload_bytes"] = header.payload_bytes;
    fields["flags"] = header.flags;
    return py::make_tuple(
        fields, samples_of(view.data() + header.header_size, header.sample_count));
}

py::bytes write_zmq(uint64_t sequence,
                    uint64_t timestamp_us,
                    uint32_t sample_rate,
                    const complex_array& samples,
                    uint32_t flags)
{
    const uint64_t payload_bytes = samples.size() * sizeof(gr_complex);
    if (payload_bytes > UINT32_MAX)
        throw std::invalid_argument("a packet holds at most 4 GiB");
    zmq_iq_header header;
    header.sequence = sequence;
    header.timestamp_us = timestamp_us;
    header.sample_rate = sample_rate;
    header.sample_count = static_cast<uint32_t>(samples.size());
    header.payload_bytes = static_cast<uint32_t>(payload_bytes);
    header.flags = flags;
    unsigned char bytes[zmq_iq_header_bytes];
    write_zmq_iq_header(header, bytes);
    return join(bytes, sizeof(bytes), samples);
}
} // namespace

void bind_packet_kernels(py::module& kernel)
{
    kernel.def("parse_udp_iq_packet",
               &parse_udp,
               py::arg("datagram"),
               "Read a UDP datagram of IQ; return (seconds, nanoseconds, samples).\n\n"
               "ValueError, whose text is the reason, if it is not one.");
    kernel.def("write_udp_iq_packet",
               &write_udp,
               py::arg("time_ns"),
               py::arg("samples").noconvert(),
               "A UDP datagram of IQ: 8 bytes of header, then the samples.");
    kernel.def("parse_zmq_iq_packet",
               &parse_zmq,
               py::arg("frame"),
               "Read a ZeroMQ message of IQ; return (header as a dict, samples).\n\n"
               "ValueError, whose text is the reason, if it is not one.");
    kernel.def("write_zmq_iq_packet",
               &write_zmq,
               py::arg("sequence"),
               py::arg("timestamp_us"),
               py::arg("sample_rate"),
               py::arg("samples").noconvert(),
               py::arg("flags") = 0,
               "A ZeroMQ message of IQ: 40 bytes of header, then the samples.");
    py::class_<sample_clock>(
        kernel,
        "sample_clock",
        "UTC in ns of each sample of a timeline: a straight line through an anchor.")
        .def(py::init([](double sample_rate) {
                 if (!(sample_rate > 0))
                     throw std::invalid_argument("sample_rate must be above 0 Hz");
                 return sample_clock(sample_rate);
             }),
             py::arg("sample_rate"))
        .def(
            "set_rate", &sample_clock::set_rate, py::arg("index"), py::arg("sample_rate"))
        .def("anchor", &sample_clock::anchor, py::arg("index"), py::arg("time_ns"))
        .def("time_ns", &sample_clock::time_ns, py::arg("index"));
}
