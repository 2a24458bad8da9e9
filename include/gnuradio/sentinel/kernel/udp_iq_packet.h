/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gnuradio/sentinel/api.h>

#include <cstddef>
#include <cstdint>

namespace gr {
namespace sentinel {
namespace kernel {

/*!
 * \file
 * IQ over UDP: one datagram is a row of little-endian complex64 whose sample 0 is a
 * header, the bit patterns of its two floats being uint32 seconds since 1970 and uint32
 * nanoseconds. The header is only ever moved as bytes: small nanoseconds are denormal
 * floats, and seconds from 2037 on are patterns of infinity and NaN. Seconds are
 * unsigned, they end in 2106.
 */

constexpr size_t udp_iq_header_bytes = 8;
//! As many samples as fit into a datagram of IPv4 behind the header: (65 507 - 8) / 8.
constexpr size_t udp_iq_max_samples = 8187;

struct udp_iq_packet {
    uint32_t seconds = 0; //!< UTC of the first sample
    uint32_t nanoseconds = 0;
    size_t sample_count = 0;
    const void* samples = nullptr; //!< inside the datagram, not necessarily aligned

    uint64_t time_ns() const { return seconds * uint64_t(1000000000) + nanoseconds; }
};

//! Why a datagram is not one; in the order in which it is looked for.
enum class udp_iq_fault {
    none,
    too_short,   //!< under 16 bytes: nothing behind the header
    length,      //!< not a whole number of samples
    nanoseconds, //!< a second or more
};
constexpr size_t udp_iq_fault_count = 4;

SENTINEL_API const char* udp_iq_fault_name(udp_iq_fault fault);

//! Reads a datagram; `packet` is filled in only if there is no fault.
SENTINEL_API udp_iq_fault parse_udp_iq_packet(const void* datagram,
                                              size_t size,
                                              udp_iq_packet& packet);

//! Writes the 8 bytes of the header; a time after 2106 wraps around, as its field does.
SENTINEL_API void write_udp_iq_header(uint64_t time_ns, void* header);

} // namespace kernel
} // namespace sentinel
} // namespace gr
