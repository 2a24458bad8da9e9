/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gnuradio/gr_complex.h>
#include <gnuradio/sentinel/api.h>

#include <cstddef>
#include <cstdint>

namespace gr {
namespace sentinel {
namespace kernel {

/*!
 * \brief The bytes that an RTL dongle sent, from what gr-osmosdr made of them.
 *
 * The driver gives (b - 127.4) / 128 for the byte b, recordings of the same bytes are
 * read as (b - 127.5) / 127.5: only the bytes themselves make both equal, bit by bit. A
 * component that lies more than a tenth of a step from every byte is none of the
 * driver's. \param in `count` samples \param out 2 * count bytes, I first \returns
 * samples with a component that is no byte; the nearest one stands for it
 *
 * Cost: two multiply-adds and a rounding per component; the loop vectorises.
 */
SENTINEL_API uint64_t recover_rtl_bytes(const gr_complex* in, size_t count, uint8_t* out);

} // namespace kernel
} // namespace sentinel
} // namespace gr
