/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <gnuradio/sentinel/kernel/zmq_iq_packet.h>

#include <cstring>
#include <stdexcept>

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
              "packets are read in place on little-endian machines");

namespace gr {
namespace sentinel {
namespace kernel {

namespace {
constexpr uint64_t sample_bytes = 8;

//! The header as it lies in memory: its fields are aligned, so that nothing pads it.
struct wire_header {
    uint32_t magic;
    uint16_t version;
    uint16_t header_size;
    uint64_t sequence;
    uint64_t timestamp_us;
    uint32_t sample_rate;
    uint32_t sample_count;
    uint32_t payload_bytes;
    uint32_t flags;
};
static_assert(sizeof(wire_header) == zmq_iq_header_bytes, "no padding");

zmq_iq_fault check(const wire_header& wire, size_t frame_bytes)
{
    if (wire.magic != zmq_iq_magic)
        return zmq_iq_fault::magic;
    if (wire.version != zmq_iq_version)
        return zmq_iq_fault::version;
    if (wire.header_size < zmq_iq_header_bytes || wire.header_size > frame_bytes)
        return zmq_iq_fault::header_size;
    if (wire.payload_bytes != frame_bytes - wire.header_size)
        return zmq_iq_fault::payload_size;
    if (wire.sample_rate == 0)
        return zmq_iq_fault::rate;
    if (wire.sample_count == 0)
        return zmq_iq_fault::count;
    if (wire.sample_count * sample_bytes != wire.payload_bytes)
        return zmq_iq_fault::count_size;
    return zmq_iq_fault::none;
}
} // namespace

const char* zmq_iq_fault_name(zmq_iq_fault fault)
{
    switch (fault) {
    case zmq_iq_fault::none:
        return "none";
    case zmq_iq_fault::short_frame:
        return "short_frame";
    case zmq_iq_fault::magic:
        return "magic";
    case zmq_iq_fault::version:
        return "version";
    case zmq_iq_fault::header_size:
        return "header_size";
    case zmq_iq_fault::payload_size:
        return "payload_size";
    case zmq_iq_fault::rate:
        return "rate";
    case zmq_iq_fault::count:
        return "count";
    case zmq_iq_fault::count_size:
        return "count_size";
    }
    throw std::invalid_argument("not a fault of a frame");
}

zmq_iq_fault
parse_zmq_iq_header(const void* bytes, size_t frame_bytes, zmq_iq_header& header)
{
    if (frame_bytes < zmq_iq_header_bytes)
        return zmq_iq_fault::short_frame;
    wire_header wire;
    std::memcpy(&wire, bytes, sizeof(wire));
    const zmq_iq_fault fault = check(wire, frame_bytes);
    if (fault != zmq_iq_fault::none)
        return fault;
    header = { wire.header_size,  wire.sequence,      wire.timestamp_us, wire.sample_rate,
               wire.sample_count, wire.payload_bytes, wire.flags };
    return zmq_iq_fault::none;
}

void write_zmq_iq_header(const zmq_iq_header& header, void* bytes)
{
    const wire_header wire = { zmq_iq_magic,        zmq_iq_version,
                               header.header_size,  header.sequence,
                               header.timestamp_us, header.sample_rate,
                               header.sample_count, header.payload_bytes,
                               header.flags };
    std::memcpy(bytes, &wire, sizeof(wire));
}

} // namespace kernel
} // namespace sentinel
} // namespace gr
