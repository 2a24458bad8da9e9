/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <gnuradio/sentinel/kernel/zmq_iq_packet.h>

#include <boost/test/unit_test.hpp>

#include <cstring>
#include <random>
#include <vector>

using namespace gr::sentinel::kernel;

namespace {
zmq_iq_header two_samples()
{
    zmq_iq_header header;
    header.sequence = 0xffffffffffffffffu;
    header.timestamp_us = 4294967296000000u; // 2106
    header.sample_rate = 768000;
    header.sample_count = 2;
    header.payload_bytes = 16;
    header.flags = zmq_iq_final;
    return header;
}

zmq_iq_fault fault_of(const zmq_iq_header& written, size_t frame_bytes)
{
    unsigned char bytes[zmq_iq_header_bytes];
    write_zmq_iq_header(written, bytes);
    zmq_iq_header read;
    return parse_zmq_iq_header(bytes, frame_bytes, read);
}
} // namespace

BOOST_AUTO_TEST_CASE(a_header_comes_back_and_lies_as_published)
{
    unsigned char bytes[zmq_iq_header_bytes];
    write_zmq_iq_header(two_samples(), bytes);
    const unsigned char begin[] = { 0x41, 0x49, 0x51, 0x5a, 1, 0, 40, 0 };
    BOOST_CHECK(std::memcmp(bytes, begin, sizeof(begin)) == 0);
    zmq_iq_header read;
    BOOST_REQUIRE(parse_zmq_iq_header(bytes, 56, read) == zmq_iq_fault::none);
    BOOST_CHECK_EQUAL(read.sequence, two_samples().sequence);
    BOOST_CHECK_EQUAL(read.timestamp_us, two_samples().timestamp_us);
    BOOST_CHECK_EQUAL(read.sample_rate, 768000u);
    BOOST_CHECK_EQUAL(read.sample_count, 2u);
    BOOST_CHECK_EQUAL(read.flags, zmq_iq_final);
}

BOOST_AUTO_TEST_CASE(each_contradiction_has_its_name)
{
    auto header = two_samples();
    BOOST_CHECK(fault_of(header, 39) == zmq_iq_fault::short_frame);
    BOOST_CHECK(fault_of(header, 57) == zmq_iq_fault::payload_size);
    header.header_size = 39;
    BOOST_CHECK(fault_of(header, 56) == zmq_iq_fault::header_size);
    header.header_size = 57;
    BOOST_CHECK(fault_of(header, 56) == zmq_iq_fault::header_size);
    header = two_samples();
    header.sample_rate = 0;
    BOOST_CHECK(fault_of(header, 56) == zmq_iq_fault::rate);
    header = two_samples();
    header.sample_count = 0;
    BOOST_CHECK(fault_of(header, 56) == zmq_iq_fault::count);
    header.sample_count = (1u << 29) + 2; // times 8 is 16 in 32 bits
    BOOST_CHECK(fault_of(header, 56) == zmq_iq_fault::count_size);
}

BOOST_AUTO_TEST_CASE(any_bit_turned_is_found_or_changes_one_field)
{
    unsigned char bytes[zmq_iq_header_bytes];
    write_zmq_iq_header(two_samples(), bytes);
    for (size_t bit = 0; bit < 8 * sizeof(bytes); bit++) {
        bytes[bit / 8] ^= static_cast<unsigned char>(1u << (bit % 8));
        zmq_iq_header read;
        const bool good = parse_zmq_iq_header(bytes, 56, read) == zmq_iq_fault::none;
        // Sequence, stamp, rate and flags may be anything; the rest is checked.
        const size_t at = bit / 8;
        BOOST_CHECK_EQUAL(good, (at >= 8 && at < 28) || at >= 36);
        bytes[bit / 8] ^= static_cast<unsigned char>(1u << (bit % 8));
    }
}
