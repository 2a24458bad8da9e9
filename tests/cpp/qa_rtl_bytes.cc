/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <gnuradio/sentinel/kernel/rtl_bytes.h>

#include <boost/test/unit_test.hpp>

#include <limits>
#include <vector>

using namespace gr::sentinel::kernel;

BOOST_AUTO_TEST_CASE(every_byte_survives)
{
    // As gr-osmosdr makes its table of bytes.
    std::vector<gr_complex> driver(256);
    for (int b = 0; b < 256; b++)
        driver[b] = { (static_cast<float>(b) - 127.4f) / 128.0f,
                      (static_cast<float>(255 - b) - 127.4f) / 128.0f };
    std::vector<uint8_t> bytes(512);
    BOOST_CHECK_EQUAL(recover_rtl_bytes(driver.data(), 256, bytes.data()), 0u);
    for (int b = 0; b < 256; b++) {
        BOOST_CHECK_EQUAL(bytes[2 * b], b);
        BOOST_CHECK_EQUAL(bytes[2 * b + 1], 255 - b);
    }
}

BOOST_AUTO_TEST_CASE(what_is_no_byte_is_counted_and_held)
{
    const float nan = std::numeric_limits<float>::quiet_NaN();
    // Beyond both rails, half a step off, not a number, and one that is a byte.
    const std::vector<gr_complex> in = { { -2.0f, 2.0f },
                                         { 0.1f / 128, 0.0f },
                                         { nan, 0.6f / 128 },
                                         { 0.6f / 128, -0.4f / 128 } };
    std::vector<uint8_t> bytes(8);
    BOOST_CHECK_EQUAL(recover_rtl_bytes(in.data(), 4, bytes.data()), 3u);
    BOOST_CHECK_EQUAL(bytes[0], 0);
    BOOST_CHECK_EQUAL(bytes[1], 255);
    BOOST_CHECK_EQUAL(bytes[4], 0);
    BOOST_CHECK_EQUAL(bytes[6], 128);
    BOOST_CHECK_EQUAL(bytes[7], 127);
}
