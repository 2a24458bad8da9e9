/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <pmt/pmt.h>

#include <cmath>
#include <cstdint>

namespace gr {
namespace sentinel {

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
