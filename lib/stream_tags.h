/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <pmt/pmt.h>

/*!
 * \file
 * Keys of the stream tags that the blocks share; docs/messages.md says what they mean.
 * Functions, since a PMT made before main() would race with the library's own symbol
 * table.
 */
namespace gr {
namespace sentinel {

inline const pmt::pmt_t& tag_start()
{
    static const auto key = pmt::mp("sentinel_start");
    return key;
}
inline const pmt::pmt_t& tag_step()
{
    static const auto key = pmt::mp("sentinel_step");
    return key;
}
inline const pmt::pmt_t& tag_end()
{
    static const auto key = pmt::mp("sentinel_end");
    return key;
}
inline const pmt::pmt_t& tag_filled()
{
    static const auto key = pmt::mp("sentinel_filled");
    return key;
}
inline const pmt::pmt_t& tag_lost()
{
    static const auto key = pmt::mp("sentinel_lost");
    return key;
}
inline const pmt::pmt_t& tag_gain()
{
    static const auto key = pmt::mp("sentinel_gain");
    return key;
}
inline const pmt::pmt_t& tag_offsets()
{
    static const auto key = pmt::mp("sentinel_offsets");
    return key;
}
inline const pmt::pmt_t& tag_rx_time()
{
    static const auto key = pmt::mp("rx_time");
    return key;
}
inline const pmt::pmt_t& tag_rx_rate()
{
    static const auto key = pmt::mp("rx_rate");
    return key;
}
inline const pmt::pmt_t& tag_rx_freq()
{
    static const auto key = pmt::mp("rx_freq");
    return key;
}
inline const pmt::pmt_t& tag_stream()
{
    static const auto key = pmt::mp("sentinel_stream");
    return key;
}
inline const pmt::pmt_t& tag_packet()
{
    static const auto key = pmt::mp("sentinel_packet");
    return key;
}
inline const pmt::pmt_t& tag_seq()
{
    static const auto key = pmt::mp("sentinel_seq");
    return key;
}
inline const pmt::pmt_t& tag_arrival()
{
    static const auto key = pmt::mp("sentinel_arrival");
    return key;
}

//! Value of `rx_time`; the fraction gives the nanosecond back exactly when rounded.
inline pmt::pmt_t time_value(uint64_t time_ns)
{
    constexpr uint64_t second_ns = 1000000000;
    return pmt::make_tuple(
        pmt::from_uint64(time_ns / second_ns),
        pmt::from_double(static_cast<double>(time_ns % second_ns) / second_ns));
}

} // namespace sentinel
} // namespace gr
