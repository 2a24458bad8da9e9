/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gnuradio/sentinel/kernel/wmatrix_stft.h>
#include <gnuradio/sentinel/wmatrix_stft.h>

namespace gr {
namespace sentinel {

class wmatrix_stft_impl : public wmatrix_stft
{
public:
    wmatrix_stft_impl(size_t window,
                      size_t hop,
                      size_t rows,
                      size_t channels,
                      const std::vector<gr_complex>& pulse_template);

    size_t rows() const override { return d_kernel.rows(); }
    void forecast(int noutput_items, gr_vector_int& ninput_items_required) override;
    int general_work(int noutput_items,
                     gr_vector_int& ninput_items,
                     gr_vector_const_void_star& input_items,
                     gr_vector_void_star& output_items) override;

private:
    size_t to_next_segment(size_t available);
    bool may_go_on(size_t windows);
    void transform_channels(const gr_complex* samples, gr_complex* scores);
    void move_tags(size_t windows);
    bool place(tag_t& tag, uint64_t end);

    const size_t d_hop;
    const size_t d_channels;
    kernel::wmatrix_stft d_kernel;
    bool d_ends_with_tag = false;
    double d_item_rate = 0.0;   // samples per second; 0 if not known
    uint64_t d_seen_filled = 0; // sentinel_filled before this item has been passed on
    std::vector<gr_complex> d_samples; // one channel of one window
};

} // namespace sentinel
} // namespace gr
