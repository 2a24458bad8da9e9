/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gnuradio/gr_complex.h>
#include <gnuradio/sentinel/api.h>

#include <cstddef>
#include <cstdint>

namespace gr {
namespace sentinel {
namespace kernel {

//! What stands between a receiver's filter and its bytes. Full scale of a component is 1.
struct SENTINEL_API receiver_output {
    double iq_gain = 1.0;  //!< amplitude of Q against I
    double iq_phase = 0.0; //!< rad by which Q is not square to I
    double dc_i = 0.0, dc_q = 0.0;

    /*!
     * Amplifies by a gain that goes in a straight line from `gain_first` to `gain_last`
     * (that of the sample behind the last), makes Q g (Q cos p + I sin p), adds the
     * offset, and rounds to unsigned bytes, 127.5 (1 + x), clipped to 0 .. 255. \return
     * samples of which a component stands at a rail
     */
    size_t to_cu8(const gr_complex* in,
                  size_t count,
                  double gain_first,
                  double gain_last,
                  uint8_t* out) const;
    //! The same without rounding and clipping, for other types.
    void to_cf32(const gr_complex* in,
                 size_t count,
                 double gain_first,
                 double gain_last,
                 gr_complex* out) const;
};

} // namespace kernel
} // namespace sentinel
} // namespace gr
