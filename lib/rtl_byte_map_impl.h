/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gnuradio/sentinel/rtl_byte_map.h>

#include <atomic>
#include <vector>

namespace gr {
namespace sentinel {

class rtl_byte_map_impl : public rtl_byte_map
{
public:
    explicit rtl_byte_map_impl(bool native);

    int work(int noutput_items,
             gr_vector_const_void_star& input_items,
             gr_vector_void_star& output_items) override;

    uint64_t samples_clipped() const override { return d_samples_clipped; }
    uint64_t samples_inexact() const override { return d_samples_inexact; }

private:
    const bool d_native;
    // A piece at a time: the bytes of complex output, the floats of native output.
    std::vector<uint8_t> d_bytes;
    std::vector<gr_complex> d_samples;
    std::atomic<uint64_t> d_samples_clipped{ 0 };
    std::atomic<uint64_t> d_samples_inexact{ 0 };
};

} // namespace sentinel
} // namespace gr
