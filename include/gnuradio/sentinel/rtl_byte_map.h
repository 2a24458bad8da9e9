/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gnuradio/sentinel/api.h>
#include <gnuradio/sync_block.h>

#include <cstdint>
#include <memory>

namespace gr {
namespace sentinel {

/*!
 * \brief Turns what gr-osmosdr makes of an RTL dongle's bytes into what a recording of
 * them gives.
 *
 * Input port 0: gr_complex, by the driver's map of bytes, see kernel/rtl_bytes.h. Output
 * port 0: with `native` the two bytes of a sample (item size 2), else gr_complex by the
 * map of recordings, see kernel/sample_format.h. Tags pass. Clipping, which the driver's
 * floats hide, is counted. Cost: that of the two conversions, some 10 ns per sample.
 */
class SENTINEL_API rtl_byte_map : virtual public gr::sync_block
{
public:
    using sptr = std::shared_ptr<rtl_byte_map>;

    static sptr make(bool native = false);

    virtual uint64_t samples_clipped() const = 0; //!< with a byte 0 or 255
    virtual uint64_t samples_inexact() const = 0; //!< that were no bytes of the driver's
};

} // namespace sentinel
} // namespace gr
