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
 * IQ over ZeroMQ: a packed little-endian header of 40 bytes or more, then complex64.
 *
 * | at | type | field |
 * |----|------|----------------------------------------------|
 * | 0  | u32  | magic 0x5A514941                             |
 * | 4  | u16  | version, 1                                   |
 * | 6  | u16  | header_size: where the samples begin         |
 * | 8  | u64  | sequence: one more in each packet            |
 * | 16 | u64  | timestamp_us: UTC of the first sample        |
 * | 24 | u32  | sample_rate, Hz                              |
 * | 28 | u32  | sample_count                                 |
 * | 32 | u32  | payload_bytes: 8 * sample_count              |
 * | 36 | u32  | flags: bit 0 marks the sender's last packet  |
 */

constexpr size_t zmq_iq_header_bytes = 40;
constexpr uint32_t zmq_iq_magic = 0x5A514941;
constexpr uint16_t zmq_iq_version = 1;
constexpr uint32_t zmq_iq_final = 1; //!< flag

//! What a header says, without magic and version.
struct zmq_iq_header {
    uint16_t header_size = zmq_iq_header_bytes;
    uint64_t sequence = 0;
    uint64_t timestamp_us = 0;
    uint32_t sample_rate = 0;
    uint32_t sample_count = 0;
    uint32_t payload_bytes = 0;
    uint32_t flags = 0;
};

//! Why a frame is not a packet; in the order in which it is looked for.
enum class zmq_iq_fault {
    none,
    short_frame,  //!< under 40 bytes
    magic,        //!< not that of these packets
    version,      //!< not 1
    header_size,  //!< under 40 or beyond the frame
    payload_size, //!< payload_bytes is not what follows the header
    rate,         //!< 0
    count,        //!< 0
    count_size,   //!< 8 * sample_count is not payload_bytes
};
constexpr size_t zmq_iq_fault_count = 9;

SENTINEL_API const char* zmq_iq_fault_name(zmq_iq_fault fault);

/*!
 * \brief Reads a header; `header` is filled in only if there is no fault.
 * \param bytes at least the first min(40, frame_bytes) bytes of the frame
 * \param frame_bytes length of the frame, of all its parts together
 */
SENTINEL_API zmq_iq_fault parse_zmq_iq_header(const void* bytes,
                                              size_t frame_bytes,
                                              zmq_iq_header& header);

//! Writes 40 bytes, magic and version included; whatever `header` says, sense or not.
SENTINEL_API void write_zmq_iq_header(const zmq_iq_header& header, void* bytes);

} // namespace kernel
} // namespace sentinel
} // namespace gr
