/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rtl_byte_map_impl.h"

#include <gnuradio/io_signature.h>
#include <gnuradio/sentinel/kernel/rtl_bytes.h>
#include <gnuradio/sentinel/kernel/sample_format.h>

#include <algorithm>

namespace gr {
namespace sentinel {

namespace {
constexpr size_t piece_samples = 1024; // stays in the L1 cache
} // namespace

rtl_byte_map::sptr rtl_byte_map::make(bool native)
{
    return gnuradio::make_block_sptr<rtl_byte_map_impl>(native);
}

rtl_byte_map_impl::rtl_byte_map_impl(bool native)
    : gr::sync_block("rtl_byte_map",
                     gr::io_signature::make(1, 1, sizeof(gr_complex)),
                     gr::io_signature::make(1, 1, native ? 2 : sizeof(gr_complex))),
      d_native(native),
      d_bytes(native ? 0 : 2 * piece_samples),
      d_samples(native ? piece_samples : 0)
{
}

int rtl_byte_map_impl::work(int noutput_items,
                            gr_vector_const_void_star& input_items,
                            gr_vector_void_star& output_items)
{
    const size_t wanted = static_cast<size_t>(noutput_items);
    const auto in = static_cast<const gr_complex*>(input_items[0]);
    const auto out = output_items[0];
    uint64_t clipped = 0, inexact = 0;
    for (size_t done = 0; done < wanted; done += piece_samples) {
        const size_t count = std::min(wanted - done, piece_samples);
        uint8_t* bytes =
            d_native ? static_cast<uint8_t*>(out) + 2 * done : d_bytes.data();
        gr_complex* samples =
            d_native ? d_samples.data() : static_cast<gr_complex*>(out) + done;
        inexact += kernel::recover_rtl_bytes(in + done, count, bytes);
        clipped +=
            kernel::convert_samples(kernel::sample_format::cu8, bytes, count, samples)
                .clipped;
    }
    d_samples_clipped += clipped;
    d_samples_inexact += inexact;
    return noutput_items;
}

} // namespace sentinel
} // namespace gr
