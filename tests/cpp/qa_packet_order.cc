/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <gnuradio/sentinel/kernel/packet_order.h>
#include <gnuradio/sentinel/kernel/published_gap_rule.h>

#include <boost/test/unit_test.hpp>

#include <cmath>
#include <random>
#include <string>

using namespace gr::sentinel::kernel;
using action = packet_step::action;

namespace {
constexpr double rate = 3840;
constexpr uint64_t size = 1023;
constexpr int64_t start_ns = 1'700'000'000'123'456'789;

struct outcome {
    uint64_t played = 0, missing = 0, gaps = 0, late = 0, duplicate = 0, steps = 0,
             restarts = 0, reordered = 0;

    void add(const std::vector<packet_step>& plan)
    {
        for (const auto& step : plan) {
            if (step.what == action::pass || step.what == action::play)
                played += step.packet.items;
            missing += step.missing;
            gaps += step.missing > 0;
            late += step.what == action::late;
            duplicate += step.what == action::duplicate;
            steps += step.clock_step;
            restarts += step.restart;
            reordered += step.reordered;
        }
    }
};

//! A sender at real-time pace, whose packets can be left out, and its receiver.
struct sender {
    packet_order order{ rate };
    outcome seen;
    bool numbers = false, stamps = true, paced = true;
    double ppm = 0, jitter_s = 0, clock_s = 0;
    uint64_t number = 0;
    std::mt19937_64 random{ 7 };

    packet_header make(uint64_t n)
    {
        packet_header packet;
        packet.items = size;
        packet.has_seq = numbers;
        packet.seq = n;
        packet.has_time = stamps;
        const double at_s = static_cast<double>(n * size) / rate * (1 - ppm * 1e-6);
        std::normal_distribution<double> noise(0, 1);
        packet.time_ns =
            start_ns + std::llround(1e9 * (at_s + clock_s + jitter_s * noise(random)));
        packet.arrival_ns = 1'000'000'000 + static_cast<uint64_t>(
                                                std::llround((paced ? 1e9 : 1e6) * at_s));
        return packet;
    }
    void receive(const packet_header& packet)
    {
        std::vector<packet_step> plan;
        order.push(packet, plan);
        seen.add(plan);
    }
    void send(uint64_t packets)
    {
        for (uint64_t i = 0; i < packets; i++)
            receive(make(number++));
    }
    void end()
    {
        std::vector<packet_step> plan;
        order.finish(plan);
        seen.add(plan);
    }
};
} // namespace

BOOST_AUTO_TEST_CASE(a_clock_off_by_some_ppm_is_no_gap_in_an_hour)
{
    for (const double ppm : { 5.0, -5.0, 50.0, -50.0, 190.0 }) {
        sender from;
        from.ppm = ppm;
        from.send(13'514); // an hour
        from.end();
        BOOST_CHECK_EQUAL(from.seen.gaps + from.seen.steps, 0);
        BOOST_CHECK_EQUAL(from.seen.played, 13'514 * size);
        // Rounding to 1 ns leaves the rate known to far below 1 ppm.
        BOOST_CHECK_SMALL(from.order.line().rate_ppm() - ppm, 0.1);
    }
}

BOOST_AUTO_TEST_CASE(jitter_is_no_gap_and_hides_no_packet)
{
    // 20 hours with other noise each; a false gap in 1000 hours would pass unseen.
    for (uint64_t seed = 0; seed < 20; seed++) {
        sender from;
        from.random.seed(seed);
        from.jitter_s = 0.005;
        from.ppm = 5;
        from.send(6000);
        from.number += 1;
        from.send(1000);
        from.number += 3;
        from.send(6514);
        from.end();
        BOOST_CHECK_EQUAL(from.seen.gaps, 2);
        BOOST_CHECK_EQUAL(from.seen.missing, 4 * size);
        BOOST_CHECK_EQUAL(from.seen.played, 13'514 * size);
        BOOST_CHECK_EQUAL(from.seen.late + from.seen.duplicate + from.seen.steps, 0);
        // The standard deviation of 64 faded values scatters by about 10 %.
        BOOST_CHECK_CLOSE(from.order.line().jitter_s(), 0.005, 45.0);
    }
}

BOOST_AUTO_TEST_CASE(jitter_from_the_first_packet_on)
{
    for (uint64_t seed = 100; seed < 600; seed++) {
        sender from;
        from.random.seed(seed);
        from.jitter_s = 0.005;
        from.send(60);
        from.end();
        BOOST_CHECK_EQUAL(from.seen.gaps + from.seen.steps, 0);
        BOOST_CHECK_EQUAL(from.seen.played, 60 * size);
    }
}

BOOST_AUTO_TEST_CASE(a_part_of_a_packet_is_missed_to_the_sample)
{
    sender from;
    from.send(3);
    from.clock_s += 59 / rate; // the 15.3 ms of the published example
    from.send(20);
    from.clock_s += 2 / rate;
    from.paced = false; // its arrival says nothing of so small a jump
    from.send(20);
    from.end();
    BOOST_CHECK_EQUAL(from.seen.gaps, 2);
    BOOST_CHECK_EQUAL(from.seen.missing, 61);
}

BOOST_AUTO_TEST_CASE(a_step_of_the_clock_is_no_loss)
{
    for (const double step_s : { 2.0, -2.0, -0.1 }) {
        sender from;
        from.jitter_s = 1e-4;
        from.send(100);
        from.clock_s = step_s;
        from.send(100);
        from.end();
        BOOST_CHECK_EQUAL(from.seen.steps, 1);
        BOOST_CHECK_EQUAL(from.seen.played, 200 * size);
        BOOST_CHECK_EQUAL(from.seen.missing + from.seen.late + from.seen.duplicate, 0);
    }
}

BOOST_AUTO_TEST_CASE(a_loss_of_the_same_length_is_a_loss)
{
    for (const bool paced : { true, false }) {
        sender from;
        from.paced = paced;
        from.send(100);
        from.number += 8;
        from.send(100);
        from.end();
        BOOST_CHECK_EQUAL(from.seen.steps, 0);
        BOOST_CHECK_EQUAL(from.seen.missing, 8 * size);
    }
}

BOOST_AUTO_TEST_CASE(a_stalled_receiver_that_catches_up_has_lost_what_is_missing)
{
    sender from;
    from.send(100);
    // Packets 100 to 103 waited until 3 s later, 104 to 110 did not fit.
    const uint64_t late_ns = from.make(111).arrival_ns;
    for (; from.number < 104; from.number++) {
        auto packet = from.make(from.number);
        packet.arrival_ns = late_ns;
        from.receive(packet);
    }
    from.number = 111;
    from.send(50);
    from.end();
    BOOST_CHECK_EQUAL(from.seen.steps, 0);
    BOOST_CHECK_EQUAL(from.seen.missing, 7 * size);
}

BOOST_AUTO_TEST_CASE(places_up_to_four_are_put_right_and_five_are_late)
{
    for (const bool numbers : { true, false })
        for (uint64_t places = 1; places <= 5; places++) {
            sender from;
            from.numbers = numbers;
            from.send(20);
            for (uint64_t n = 1; n <= places; n++)
                from.receive(from.make(20 + n));
            from.receive(from.make(20));
            from.number = 21 + places;
            from.send(20);
            from.end();
            const bool late = places == 5;
            BOOST_CHECK_EQUAL(from.seen.reordered, late ? 0 : 1);
            BOOST_CHECK_EQUAL(from.seen.late, late ? 1 : 0);
            BOOST_CHECK_EQUAL(from.seen.missing, late ? size : 0);
            BOOST_CHECK_EQUAL(from.seen.duplicate, 0);
            BOOST_CHECK_EQUAL(from.seen.played + from.seen.missing, (41 + places) * size);
        }
}

BOOST_AUTO_TEST_CASE(duplicates_are_dropped_once_each)
{
    for (const bool numbers : { true, false }) {
        sender from;
        from.numbers = numbers;
        from.send(10);
        from.receive(from.make(9));
        from.send(1);
        from.receive(from.make(3));
        from.receive(from.make(8));
        from.send(1);
        from.receive(from.make(13)); // ahead, twice
        from.receive(from.make(13));
        from.receive(from.make(12));
        from.number = 14;
        from.send(3);
        from.end();
        BOOST_CHECK_EQUAL(from.seen.duplicate, 4);
        BOOST_CHECK_EQUAL(from.seen.played, 17 * size);
        BOOST_CHECK_EQUAL(from.seen.missing + from.seen.late, 0);
    }
}

BOOST_AUTO_TEST_CASE(numbers_that_begin_anew_are_a_new_stream)
{
    for (const bool stamps : { true, false }) {
        sender from;
        from.numbers = true;
        from.stamps = stamps;
        from.send(100);
        for (uint64_t n = 0; n < 30; n++) {
            auto packet = from.make(100 + n);
            packet.seq = n;
            from.receive(packet);
        }
        from.end();
        BOOST_CHECK_EQUAL(from.seen.restarts, 1);
        BOOST_CHECK_EQUAL(from.seen.played, 130 * size);
        BOOST_CHECK_EQUAL(from.seen.missing + from.seen.late + from.seen.duplicate, 0);
        BOOST_CHECK_EQUAL(from.order.index(), 30 * size);
    }
}

// A number that is over with a stamp of years ahead: bits that went wrong on the way.
BOOST_AUTO_TEST_CASE(one_packet_with_an_absurd_stamp_is_no_new_stream)
{
    sender from;
    from.numbers = true;
    from.send(100);
    for (int i = 0; i < 10; i++) {
        auto packet = from.make(from.number - 1);
        packet.time_ns = 2'147'483'647'000'000'000;
        from.receive(packet);
        from.send(3);
    }
    from.end();
    BOOST_CHECK_EQUAL(from.seen.restarts + from.seen.steps, 0);
    BOOST_CHECK_EQUAL(from.seen.duplicate, 10);
    BOOST_CHECK_EQUAL(from.seen.played, 130 * size);
    BOOST_CHECK_EQUAL(from.seen.missing + from.seen.late, 0);
}

BOOST_AUTO_TEST_CASE(counts_go_on_across_powers_of_two)
{
    for (const int bits : { 31, 32, 40 })
        for (const bool numbers : { true, false }) {
            sender from;
            from.numbers = numbers;
            const uint64_t edge = uint64_t(1) << bits;
            from.order.set_index(edge - 5 * size);
            from.number = edge - 10;
            // 2^40 packets at this rate are beyond what 64-bit nanoseconds hold.
            from.clock_s = -static_cast<double>(from.number * size) / rate;
            if (bits == 40)
                from.stamps = !numbers, from.number = numbers ? from.number : 0,
                from.clock_s = 0;
            from.send(8);
            from.number += 2;
            from.send(12);
            from.end();
            BOOST_CHECK_EQUAL(from.seen.missing, 2 * size);
            BOOST_CHECK_EQUAL(from.order.index(), edge - 5 * size + 22 * size);
        }
}

BOOST_AUTO_TEST_CASE(an_unpacketed_source_with_stamps)
{
    packet_order order(rate);
    outcome seen;
    const auto run = [&](uint64_t items, bool stamped, int64_t time_ns) {
        packet_header header;
        header.items = items;
        header.has_time = stamped;
        header.time_ns = time_ns;
        std::vector<packet_step> plan;
        order.push_unpacketed(header, plan);
        seen.add(plan);
    };
    run(3840, true, start_ns);
    run(3840, false, 0);
    run(3840, true, start_ns + 2'000'000'000);
    run(3840, true, start_ns + 4'000'000'000); // one second ahead
    BOOST_CHECK_EQUAL(seen.missing, 3840);
    run(3840, true, start_ns); // five seconds back
    BOOST_CHECK_EQUAL(seen.steps, 1);
    BOOST_CHECK_EQUAL(order.index(), 6 * 3840);
}

BOOST_AUTO_TEST_CASE(the_published_rule_to_the_letter)
{
    published_gap_rule rule(rate);
    std::vector<packet_step> plan;
    int64_t time_ns = start_ns;
    const auto push = [&](double gap_samples) {
        time_ns +=
            std::llround(1e9 * size / rate) + std::llround(1e9 * gap_samples / rate);
        packet_header packet;
        packet.items = size;
        packet.has_time = true;
        packet.time_ns = time_ns;
        plan.clear();
        rule.push(packet, plan);
        return plan.at(0);
    };
    push(0);
    BOOST_CHECK_EQUAL(push(0.4).missing, 0);
    BOOST_CHECK_EQUAL(push(0.6).missing, 1);
    const auto gap = push(481.9);
    BOOST_CHECK_EQUAL(gap.missing, 482);
    BOOST_CHECK_CLOSE(gap.expected_s, 0.26640625, 1e-6);
    BOOST_CHECK_CLOSE(gap.got_s, 0.26640625 + 481.9 / rate, 1e-6);
    const auto back = push(-3);
    BOOST_CHECK(back.never_fill);
    BOOST_CHECK_EQUAL(back.missing, 0);
}
