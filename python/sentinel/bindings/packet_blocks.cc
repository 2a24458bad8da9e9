/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "module.h"

#include <gnuradio/sentinel/udp_iq_sink.h>
#include <gnuradio/sentinel/udp_iq_source.h>
#include <gnuradio/sentinel/zmq_iq_sink.h>
#include <gnuradio/sentinel/zmq_iq_source.h>

using namespace gr::sentinel;

namespace {
template <typename Block, typename Base>
using packet_class = py::class_<Block,
                                Base,
                                gr::sync_block,
                                gr::block,
                                gr::basic_block,
                                std::shared_ptr<Block>>;
template <typename Base>
using packet_base =
    py::class_<Base, gr::sync_block, gr::block, gr::basic_block, std::shared_ptr<Base>>;

void bind_bases(py::module& module)
{
    packet_base<iq_packet_source>(
        module, "iq_packet_source", "What sources of IQ packets have in common.")
        .def("packets_received", &iq_packet_source::packets_received, "Good packets.")
        .def("bytes_received",
             &iq_packet_source::bytes_received,
             "Bytes of all packets, good or not.")
        .def("samples_read", &iq_packet_source::samples_read, "Given out so far.")
        .def("samples_nonfinite", &iq_packet_source::samples_nonfinite, "Made 0.")
        .def("malformed",
             &iq_packet_source::malformed,
             "Packets dropped for what is wrong with them, by reason.")
        .def("failure",
             &iq_packet_source::failure,
             "Why the input ended before its time; empty while all is well.");
    packet_base<iq_packet_sink>(
        module, "iq_packet_sink", "What sinks of IQ packets have in common.")
        .def("packets_sent", &iq_packet_sink::packets_sent, "To each destination.")
        .def("send_errors", &iq_packet_sink::send_errors, "Packets that were not sent.")
        .def("samples_sent",
             &iq_packet_sink::samples_sent,
             "Samples of the stream, however many receive it.");
}

void bind_sources(py::module& module)
{
    packet_class<udp_iq_source, iq_packet_source>(
        module,
        "udp_iq_source",
        "Samples of UDP datagrams whose first sample is a time stamp, as complex64.\n"
        "ValueError for senseless settings or an unknown host, RuntimeError if the\n"
        "address cannot be listened on. Port 0 is chosen by the kernel, see port().")
        .def(py::init([](const std::string& host,
                         int port,
                         double sample_rate,
                         const pmt::pmt_t& stream,
                         double center_freq,
                         size_t buffer_bytes) {
                 py::gil_scoped_release release; // a name may take long to look up
                 return udp_iq_source::make(
                     { host, port, sample_rate, center_freq, stream, buffer_bytes });
             }),
             py::arg("host"),
             py::arg("port"),
             py::arg("sample_rate"),
             py::arg("stream") = pmt::PMT_NIL,
             py::arg("center_freq") = 0.0,
             py::arg("buffer_bytes") = size_t(1) << 20)
        .def("port", &udp_iq_source::port, "Port that is listened on.")
        .def("granted_buffer_bytes",
             &udp_iq_source::granted_buffer_bytes,
             "Receive buffer that the kernel granted, comparable with what was asked.")
        .def("kernel_drops",
             &udp_iq_source::kernel_drops,
             "Datagrams the kernel dropped since its buffer was full.");

    packet_class<zmq_iq_source, iq_packet_source>(
        module,
        "zmq_iq_source",
        "Samples of ZeroMQ messages with a 40-byte header, as complex64.\n"
        "ValueError for senseless settings or an unknown host.")
        .def(py::init([](const std::string& endpoint,
                         const pmt::pmt_t& stream,
                         double center_freq,
                         int queue_packets) {
                 py::gil_scoped_release release;
                 return zmq_iq_source::make(
                     { endpoint, center_freq, stream, queue_packets });
             }),
             py::arg("endpoint"),
             py::arg("stream") = pmt::PMT_NIL,
             py::arg("center_freq") = 0.0,
             py::arg("queue_packets") = 1000)
        .def("wait_for_rate",
             &zmq_iq_source::wait_for_rate,
             py::arg("wait_ms"),
             py::call_guard<py::gil_scoped_release>(),
             "Wait for a packet; return its sample rate (Hz), or 0 if none came. It is\n"
             "kept and comes out first. Only before the flowgraph starts.")
        .def("final_packets",
             &zmq_iq_source::final_packets,
             "Packets that the sender marked as its last.");
}

void bind_sinks(py::module& module)
{
    packet_class<udp_iq_sink, iq_packet_sink>(
        module,
        "udp_iq_sink",
        "Sends complex64 as UDP datagrams whose first sample is a time stamp, each to\n"
        "all destinations. `header_counts`: samples_per_packet includes the header.")
        .def(py::init([](double sample_rate,
                         const std::vector<std::string>& destinations,
                         int samples_per_packet,
                         bool header_counts) {
                 py::gil_scoped_release release;
                 return udp_iq_sink::make(
                     { sample_rate, destinations, samples_per_packet, header_counts });
             }),
             py::arg("sample_rate"),
             py::arg("destinations"),
             py::arg("samples_per_packet") = 1024,
             py::arg("header_counts") = true);

    packet_class<zmq_iq_sink, iq_packet_sink>(
        module,
        "zmq_iq_sink",
        "Publishes complex64 as ZeroMQ messages with a 40-byte header.\n"
        "RuntimeError if the endpoint cannot be listened on; its port may be *.")
        .def(py::init([](double sample_rate,
                         const std::string& endpoint,
                         int samples_per_packet,
                         int queue_packets) {
                 py::gil_scoped_release release;
                 return zmq_iq_sink::make(
                     { sample_rate, endpoint, samples_per_packet, queue_packets });
             }),
             py::arg("sample_rate"),
             py::arg("endpoint"),
             py::arg("samples_per_packet") = 1024,
             py::arg("queue_packets") = 1000)
        .def("endpoint", &zmq_iq_sink::endpoint, "With the port that was chosen.")
        .def("subscribers", &zmq_iq_sink::subscribers, "Receivers there are.")
        .def("wait_for_subscribers",
             &zmq_iq_sink::wait_for_subscribers,
             py::arg("count") = 1,
             py::arg("wait_ms") = 1000,
             py::call_guard<py::gil_scoped_release>(),
             "Wait for so many receivers; false if that took too long. Only before the\n"
             "flowgraph starts.");
}
} // namespace

void bind_packet_blocks(py::module& module)
{
    py::module::import("pmt"); // default values below are of it
    bind_bases(module);
    bind_sources(module);
    bind_sinks(module);
}
