/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gnuradio/gr_complex.h>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace gr {
namespace sentinel {
namespace kernel {

/*!
 * \brief One oscillator per channel, exp(-2j pi n step_c), as a function of the index n
 * alone.
 *
 * Index n is split at a multiple of 64: a phasor computed in double for the multiple,
 * times one from a table for the rest. So the phase neither drifts nor depends on where
 * calls begin.
 */
class nco_bank
{
public:
    explicit nco_bank(size_t count);

    //! Sets the advance of channel `c` per index, in turns as a 64-bit fraction.
    void set_step(size_t c, uint64_t step);
    //! True if no channel turns at all.
    bool idle() const { return d_turning == 0; }

    //! values[c] *= exp(-2j pi n step_c) for all channels.
    void turn_back(uint64_t n, gr_complex* values);

private:
    void start_block(uint64_t block);

    static constexpr uint64_t d_length = 64;
    size_t d_turning = 0;
    uint64_t d_block = 0;
    bool d_block_valid = false;
    std::vector<uint64_t> d_steps;
    std::vector<gr_complex> d_base;  //!< [channel] at the start of the block
    std::vector<gr_complex> d_table; //!< [index within the block][channel]
};

} // namespace kernel
} // namespace sentinel
} // namespace gr
