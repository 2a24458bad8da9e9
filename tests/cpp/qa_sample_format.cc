/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <gnuradio/sentinel/kernel/sample_format.h>

#include <boost/test/unit_test.hpp>

#include <limits>
#include <stdexcept>
#include <vector>

using namespace gr::sentinel::kernel;

BOOST_AUTO_TEST_CASE(rails_are_full_scale_and_counted)
{
    const uint8_t u[] = { 0, 255, 127, 128, 1, 254, 100, 255 };
    std::vector<gr_complex> out(4);
    auto counts = convert_samples(sample_format::cu8, u, 4, out.data());
    BOOST_CHECK_EQUAL(out[0], gr_complex(-1.0f, 1.0f));
    BOOST_CHECK_EQUAL(out[1], gr_complex(-0.5f / 127.5f, 0.5f / 127.5f));
    BOOST_CHECK_EQUAL(counts.clipped, 2u);

    const int8_t i[] = { -128, 127, 0, -127, 127, 3, -1, 126 };
    counts = convert_samples(sample_format::ci8, i, 4, out.data());
    BOOST_CHECK_EQUAL(out[0], gr_complex(-128.0f / 127.0f, 1.0f));
    BOOST_CHECK_EQUAL(out[1], gr_complex(0.0f, -1.0f));
    BOOST_CHECK_EQUAL(counts.clipped, 2u);

    const int16_t s[] = { -32768, 0, 32766, -32767, 0, 32767 };
    counts = convert_samples(sample_format::ci16_le, s, 3, out.data());
    BOOST_CHECK_EQUAL(out[2], gr_complex(0.0f, 1.0f));
    BOOST_CHECK_EQUAL(counts.clipped, 2u);

    const uint16_t w[] = { 0, 65535, 65534, 1 };
    counts = convert_samples(sample_format::cu16_le, w, 2, out.data());
    BOOST_CHECK_EQUAL(out[0], gr_complex(-1.0f, 1.0f));
    BOOST_CHECK_EQUAL(counts.clipped, 1u);
}

BOOST_AUTO_TEST_CASE(every_sample_of_a_clipped_recording_is_counted)
{
    // Longer than any internal block, so that a narrow counter would overflow.
    constexpr size_t n = 200003;
    std::vector<uint8_t> u(2 * n, 255);
    std::vector<gr_complex> out(n);
    BOOST_CHECK_EQUAL(
        convert_samples(sample_format::cu8, u.data(), n, out.data()).clipped, n);
}

BOOST_AUTO_TEST_CASE(nonfinite_samples_become_zero)
{
    const float inf = std::numeric_limits<float>::infinity();
    const float nan = std::numeric_limits<float>::quiet_NaN();
    const float denormal = 1e-42f;
    const float in[] = { nan, 1, 2, -inf, inf, nan, 0.5f, -0.25f, denormal, 0 };
    std::vector<gr_complex> out(5);
    const auto counts = convert_samples(sample_format::cf32_le, in, 5, out.data());
    BOOST_CHECK_EQUAL(counts.nonfinite, 3u);
    BOOST_CHECK_EQUAL(counts.clipped, 0u);
    for (int k = 0; k < 3; k++)
        BOOST_CHECK_EQUAL(out[k], gr_complex(0, 0));
    BOOST_CHECK_EQUAL(out[3], gr_complex(0.5f, -0.25f));
    BOOST_CHECK_EQUAL(out[4], gr_complex(denormal, 0));

    const double wide[] = { 1e300, 0, 0.5, -1 };
    BOOST_CHECK_EQUAL(
        convert_samples(sample_format::cf64_le, wide, 2, out.data()).nonfinite, 1u);
    BOOST_CHECK_EQUAL(out[1], gr_complex(0.5f, -1.0f));
}

BOOST_AUTO_TEST_CASE(byte_order_alignment_and_channels)
{
    // Two channels of big-endian 16-bit samples from an odd address.
    const unsigned char bytes[] = { 9,    0x40, 0,    0x20, 0, 0x10, 0, 0x08, 0,
                                    0x7f, 0xff, 0x80, 0,    0, 1,    0, 2 };
    std::vector<gr_complex> out(2);
    auto counts = convert_samples(sample_format::ci16_be, bytes + 1, 2, out.data(), 1, 2);
    BOOST_CHECK_EQUAL(out[0], gr_complex(0x1000 / 32767.0f, 0x0800 / 32767.0f));
    BOOST_CHECK_EQUAL(out[1], gr_complex(1 / 32767.0f, 2 / 32767.0f));
    BOOST_CHECK_EQUAL(counts.clipped, 0u);
    counts = convert_samples(sample_format::ci16_be, bytes + 1, 2, out.data(), 0, 2);
    BOOST_CHECK_EQUAL(counts.clipped, 1u);
    BOOST_CHECK_THROW(convert_samples(sample_format::cu8, bytes, 1, out.data(), 2, 2),
                      std::invalid_argument);
}

BOOST_AUTO_TEST_CASE(names)
{
    for (const char* name : { "cu8",
                              "ci8",
                              "cu16_le",
                              "ci16_le",
                              "ci16_be",
                              "cf32_le",
                              "cf32_be",
                              "cf64_le" })
        BOOST_CHECK_EQUAL(sample_format_name(parse_sample_format(name)), name);
    BOOST_CHECK(parse_sample_format("cs16") == sample_format::ci16_le);
    BOOST_CHECK_THROW(parse_sample_format("rf32"), std::invalid_argument);
}
