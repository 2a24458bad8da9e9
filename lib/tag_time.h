/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <pmt/pmt.h>

#include <cmath>
#include <cstdint>

namespace gr {
namespace sentinel {

//! Reads the value of `rx_time`; false if it is none.
inline bool read_time(const pmt::pmt_t& value, uint64_t& time_ns)
{
    constexpr uint64_t second_ns = 1000000000;
    // Beyond them the arithmetic would overflow.
    constexpr uint64_t largest_seconds = uint64_t(1) << 33;
    if (!pmt::is_tuple(value) || pmt::length(value) != 2)
        return false;
    const auto seconds = pmt::tuple_ref(value, 0);
    const auto fraction = pmt::tuple_ref(value, 1);
    if (!pmt::is_uint64(seconds) || !pmt::is_real(fraction))
        return false;
    const uint64_t whole_s = pmt::to_uint64(seconds);
    const double rest_s = pmt::to_double(fraction);
    if (whole_s > largest_seconds || !(rest_s >= 0 && rest_s <= 1))
        return false;
    time_ns = whole_s * second_ns + static_cast<uint64_t>(std::llround(rest_s * 1e9));
    return true;
}

//! UTC as (whole seconds, fraction), moved on by `by_s` seconds, back if negative; any
//! other value is given back as it is.
inline pmt::pmt_t advanced_time(const pmt::pmt_t& time, double by_s)
{
    if (!pmt::is_tuple(time) || pmt::length(time) != 2)
        return time;
    const double fraction = pmt::to_double(pmt::tuple_ref(time, 1)) + by_s;
    const double carry = std::floor(fraction);
    const auto whole = static_cast<int64_t>(pmt::to_uint64(pmt::tuple_ref(time, 0)));
    return pmt::make_tuple(
        pmt::from_uint64(static_cast<uint64_t>(whole + static_cast<int64_t>(carry))),
        pmt::from_double(fraction - carry));
}

} // namespace sentinel
} // namespace gr
