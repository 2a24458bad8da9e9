/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <gnuradio/sentinel/kernel/udp_iq_packet.h>

#include <boost/test/unit_test.hpp>

#include <cstring>
#include <random>
#include <vector>

using namespace gr::sentinel::kernel;

BOOST_AUTO_TEST_CASE(header_bits_survive)
{
    // Denormal, infinite and NaN patterns, and seconds from 2038 on.
    for (const uint32_t seconds :
         { 1u, 0x7f800000u, 0x7fc00001u, 0x80000000u, 0xffffffffu })
        for (const uint32_t ns : { 0u, 1u, 8388607u, 999999999u }) {
            unsigned char datagram[16] = {};
            write_udp_iq_header(seconds * uint64_t(1000000000) + ns, datagram);
            udp_iq_packet packet;
            BOOST_REQUIRE(parse_udp_iq_packet(datagram, sizeof(datagram), packet) ==
                          udp_iq_fault::none);
            BOOST_CHECK_EQUAL(packet.seconds, seconds);
            BOOST_CHECK_EQUAL(packet.nanoseconds, ns);
            BOOST_CHECK_EQUAL(packet.sample_count, 1u);
            BOOST_CHECK(packet.samples == datagram + 8);
            BOOST_CHECK_EQUAL(packet.time_ns(), seconds * uint64_t(1000000000) + ns);
        }
}

BOOST_AUTO_TEST_CASE(every_length_is_judged)
{
    const std::vector<unsigned char> zeros(65507);
    for (size_t size = 0; size <= zeros.size(); size++) {
        udp_iq_packet packet;
        const auto fault = parse_udp_iq_packet(zeros.data(), size, packet);
        const auto expected = size < 16       ? udp_iq_fault::too_short
                              : size % 8 != 0 ? udp_iq_fault::length
                                              : udp_iq_fault::none;
        BOOST_REQUIRE(fault == expected);
        BOOST_REQUIRE_EQUAL(packet.sample_count,
                            fault == udp_iq_fault::none ? size / 8 - 1 : 0u);
    }
}

BOOST_AUTO_TEST_CASE(random_bytes_give_a_packet_or_a_named_fault)
{
    std::mt19937 random(5);
    size_t good = 0;
    for (int i = 0; i < 20000; i++) {
        std::vector<unsigned char> bytes(random() % 200);
        for (auto& byte : bytes)
            byte = static_cast<unsigned char>(random());
        udp_iq_packet packet;
        const auto fault = parse_udp_iq_packet(bytes.data(), bytes.size(), packet);
        BOOST_REQUIRE_GT(std::strlen(udp_iq_fault_name(fault)), 0u);
        if (fault != udp_iq_fault::none)
            continue;
        good++;
        BOOST_REQUIRE_EQUAL(packet.sample_count * 8 + 8, bytes.size());
    }
    // One length in eight, and a quarter of all nanoseconds.
    BOOST_CHECK_GT(good, 300u);
}
