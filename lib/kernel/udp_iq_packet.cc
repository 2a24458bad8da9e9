/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <gnuradio/sentinel/kernel/udp_iq_packet.h>

#include <cstring>
#include <stdexcept>

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
              "packets are read in place on little-endian machines");

namespace gr {
namespace sentinel {
namespace kernel {

namespace {
constexpr size_t sample_bytes = 8;
constexpr uint32_t second_ns = 1000000000;
} // namespace

const char* udp_iq_fault_name(udp_iq_fault fault)
{
    switch (fault) {
    case udp_iq_fault::none:
        return "none";
    case udp_iq_fault::too_short:
        return "too_short";
    case udp_iq_fault::length:
        return "length";
    case udp_iq_fault::nanoseconds:
        return "nanoseconds";
    }
    throw std::invalid_argument("not a fault of a datagram");
}

udp_iq_fault parse_udp_iq_packet(const void* datagram, size_t size, udp_iq_packet& packet)
{
    if (size < udp_iq_header_bytes + sample_bytes)
        return udp_iq_fault::too_short;
    if ((size - udp_iq_header_bytes) % sample_bytes != 0)
        return udp_iq_fault::length;
    uint32_t words[2];
    static_assert(sizeof(words) == udp_iq_header_bytes, "two words are the header");
    std::memcpy(words, datagram, sizeof(words));
    if (words[1] >= second_ns)
        return udp_iq_fault::nanoseconds;
    packet.seconds = words[0];
    packet.nanoseconds = words[1];
    packet.sample_count = (size - udp_iq_header_bytes) / sample_bytes;
    packet.samples = static_cast<const unsigned char*>(datagram) + udp_iq_header_bytes;
    return udp_iq_fault::none;
}

void write_udp_iq_header(uint64_t time_ns, void* header)
{
    const uint32_t words[2] = { static_cast<uint32_t>(time_ns / second_ns),
                                static_cast<uint32_t>(time_ns % second_ns) };
    std::memcpy(header, words, sizeof(words));
}

} // namespace kernel
} // namespace sentinel
} // namespace gr
