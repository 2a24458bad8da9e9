/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <gnuradio/sentinel/kernel/packet_order.h>

#include <algorithm>
#include <cmath>
#include <utility>

namespace gr {
namespace sentinel {
namespace kernel {

namespace {
using action = packet_step::action;
} // namespace

packet_order::packet_order(double sample_rate) : d_rate(sample_rate) {}

void packet_order::restart()
{
    d_started = false;
    d_index = 0;
    d_signal_s = 0;
    d_size = d_last_size = 0;
    d_constant_size = true;
    d_has_last_time = false;
    d_suspected_step_s = 0;
    d_line = time_line();
    d_pace.restart();
    d_lost_count = d_recovered_count = 0;
}

// What is done with it.

void packet_order::push(const packet_header& packet, std::vector<packet_step>& plan)
{
    packet_step step;
    step.packet = packet;
    if (!d_started) {
        go_on(step, plan);
        return;
    }
    if (is_held(packet)) {
        step.what = action::duplicate;
        plan.push_back(step);
        return;
    }
    const place found = place_of(packet);
    if (found == place::here) {
        step.reordered = earliest_ahead() < d_held_count;
        drop_behind(plan);
        go_on(step, plan);
        drain(plan);
        return;
    }
    if (only_jittered(packet)) {
        while (d_held_count > 0)
            go_on(take(0, action::play), plan);
        go_on(step, plan);
        return;
    }
    if (found == place::behind ||
        (packet.has_seq && sequence_lead(packet) > absurd_lead)) {
        if (is_restarted(packet)) {
            play_all_ahead(plan);
            drop_behind(plan);
            step.restart = true;
            begin_anew(step, plan);
            return;
        }
        const int64_t where = position(packet);
        if (was_lost(where)) {
            d_recovered[d_recovered_count++ % d_recovered.size()] = where;
            step.what = action::late;
            plan.push_back(step);
            return;
        }
    }
    if (d_held_count == depth) {
        if (found == place::ahead && all_ahead() && pass_before_held(step, plan))
            return;
        make_room(packet, plan);
        push(packet, plan);
        return;
    }
    hold(packet, plan);
}

void packet_order::finish(std::vector<packet_step>& plan)
{
    play_all_ahead(plan);
    drop_behind(plan);
}

void packet_order::hold(const packet_header& packet, std::vector<packet_step>& plan)
{
    int slot = 0;
    const auto used = [&](const held_packet& held) { return held.slot == slot; };
    while (std::any_of(d_held.begin(), d_held.begin() + d_held_count, used))
        slot++;
    packet_step step;
    step.packet = packet;
    step.what = action::hold;
    step.slot = slot;
    plan.push_back(step);
    d_held[d_held_count++] = { packet, slot };
}

packet_step packet_order::take(size_t held, action what)
{
    packet_step step;
    step.what = what;
    step.slot = d_held[held].slot;
    step.packet = d_held[held].header;
    std::move(
        d_held.begin() + held + 1, d_held.begin() + d_held_count, d_held.begin() + held);
    d_held_count--;
    return step;
}

void packet_order::drop_behind(std::vector<packet_step>& plan)
{
    for (size_t i = 0; i < d_held_count;) {
        const packet_header& header = d_held[i].header;
        if (place_of(header) != place::behind) {
            i++;
            continue;
        }
        const bool before_first =
            header.has_seq ? static_cast<int64_t>(header.seq - d_first_seq) < 0
                           : position(header) < static_cast<int64_t>(d_first_index);
        plan.push_back(take(i, before_first ? action::late : action::duplicate));
    }
}

// Plays what has become due, and closes up to the earliest packet ahead.
void packet_order::drain(std::vector<packet_step>& plan)
{
    for (size_t i = 0; i < d_held_count;) {
        if (place_of(d_held[i].header) == place::here) {
            go_on(take(i, action::play), plan);
            i = 0;
        } else {
            i++;
        }
    }
}

void packet_order::play_all_ahead(std::vector<packet_step>& plan)
{
    while (earliest_ahead() < d_held_count)
        play_earliest_ahead(plan);
}

// Gives up waiting for what is missing before it.
void packet_order::play_earliest_ahead(std::vector<packet_step>& plan)
{
    const size_t head = earliest_ahead();
    const packet_header header = d_held[head].header;
    const double jump_s = header.has_seq ? 0 : confirmed_jump_s(head);
    packet_step step = take(head, action::play);
    if (header.has_seq) {
        step.missing = missing_by_sequence(header);
        step.seconds = static_cast<double>(step.missing) / d_rate;
        remember_loss(static_cast<int64_t>(d_next_seq), static_cast<int64_t>(header.seq));
    } else if (jump_s > 0) {
        step.seconds = jump_s;
        step.clock_step = d_pace.is_clock_step(header.arrival_ns, d_signal_s, jump_s);
        if (!step.clock_step) {
            step.missing = missing_samples(jump_s);
            const auto begin = static_cast<int64_t>(d_index);
            remember_loss(begin, begin + static_cast<int64_t>(step.missing));
        }
    }
    step.gap_samples = static_cast<double>(step.missing);
    drop_behind(plan);
    go_on(step, plan);
    drain(plan);
}

bool packet_order::all_ahead() const
{
    return std::all_of(
        d_held.begin(), d_held.begin() + d_held_count, [&](const auto& held) {
            return place_of(held.header) == place::ahead;
        });
}

// The packet that makes them too many may be the earliest itself: what is missing is
// missing before it then.
bool packet_order::pass_before_held(packet_step step, std::vector<packet_step>& plan)
{
    const packet_header& packet = step.packet;
    const size_t head = earliest_ahead();
    if (head == d_held_count)
        return false;
    const packet_header& next = d_held[head].header;
    if (packet.has_seq ? sequence_lead(packet) > sequence_lead(next)
                       : packet.time_ns > next.time_ns)
        return false;
    const double jump_s = residual_s(packet), rate = d_line.sample_rate();
    if (packet.has_seq) {
        step.missing = missing_by_sequence(packet);
        remember_loss(static_cast<int64_t>(d_next_seq), static_cast<int64_t>(packet.seq));
    } else {
        const uint64_t packets =
            whole_packets(jump_s * rate, d_line.tolerance_s() * rate);
        if (packets == 0 || d_pace.is_clock_step(packet.arrival_ns, d_signal_s, jump_s))
            return false;
        step.missing = packets * d_size;
        const auto begin = static_cast<int64_t>(d_index);
        remember_loss(begin, begin + static_cast<int64_t>(step.missing));
    }
    step.seconds = packet.has_seq ? static_cast<double>(step.missing) / d_rate : jump_s;
    step.gap_samples = static_cast<double>(step.missing);
    step.reordered = true;
    drop_behind(plan);
    go_on(step, plan);
    drain(plan);
    return true;
}

void packet_order::make_room(const packet_header& packet, std::vector<packet_step>& plan)
{
    if (all_from_the_past(packet)) {
        packet_step step = take(0, action::play);
        (packet.has_seq ? step.restart : step.clock_step) = true;
        begin_anew(step, plan);
        drain(plan);
    } else if (is_jittered(d_held[0].header) &&
               place_of(d_held[0].header) == place::behind) {
        go_on(take(0, action::play), plan);
        drain(plan);
    } else if (earliest_ahead() < d_held_count) {
        // The stream goes on ahead, so what came from the past has been here before: that
        // makes room, too.
        const size_t held = d_held_count;
        drop_behind(plan);
        if (d_held_count == held)
            play_earliest_ahead(plan);
    } else {
        plan.push_back(take(0, action::duplicate));
    }
}

void packet_order::begin_anew(packet_step step, std::vector<packet_step>& plan)
{
    if (step.restart) {
        restart();
    } else {
        step.seconds = residual_s(step.packet);
        d_first_index = d_index;
        d_lost_count = d_recovered_count = 0;
    }
    go_on(step, plan);
}

void packet_order::go_on(packet_step step, std::vector<packet_step>& plan)
{
    const packet_header& packet = step.packet;
    if (!d_started) {
        d_first_index = d_index;
        d_first_seq = packet.seq;
    }
    if (step.missing > 0) {
        const auto missing = static_cast<double>(step.missing);
        d_line.advance(missing);
        d_signal_s += missing / d_rate;
        d_index += step.missing;
    }
    note_time(step);
    if (packet.rate > 0 && packet.rate != d_rate) {
        step.rate_change = d_started;
        d_rate = packet.rate;
        d_line.set_sample_rate(d_rate);
    }
    step.has_time = d_line.started();
    step.time_ns = d_line.time_ns();
    note_size(packet);
    d_pace.observe(packet.arrival_ns, d_signal_s);
    d_line.advance(static_cast<double>(packet.items));
    d_signal_s += duration_s(packet);
    d_index += packet.items;
    d_next_seq = packet.seq + 1;
    d_last_arrival_ns = packet.arrival_ns;
    d_started = true;
    plan.push_back(step);
}

void packet_order::note_size(const packet_header& packet)
{
    if (d_size == 0)
        d_size = packet.items;
    else if (d_last_size != d_size)
        d_constant_size = false;
    d_last_size = packet.items;
}

void packet_order::note_time(packet_step& step)
{
    const packet_header& packet = step.packet;
    step.expected_s = d_last_duration_s;
    step.got_s = d_last_duration_s + static_cast<double>(step.missing) / d_rate;
    d_last_duration_s = duration_s(packet);
    const bool had_time = d_has_last_time;
    d_has_last_time = packet.has_time;
    if (!packet.has_time)
        return;
    if (had_time)
        step.got_s = 1e-9 * static_cast<double>(packet.time_ns - d_last_time_ns);
    d_last_time_ns = packet.time_ns;

    if (!d_line.started()) {
        d_line.start(packet.time_ns, d_rate);
        return;
    }
    const double residual = residual_s(packet), tolerance = d_line.tolerance_s();
    const bool agrees = std::abs(residual) <= tolerance;
    // Numbers go on: what two packets in a row say of the clock is true.
    if (packet.has_seq && !agrees && d_suspected_step_s != 0 &&
        std::abs(residual - d_suspected_step_s) <= tolerance) {
        step.clock_step = true;
        step.seconds = residual;
    }
    if (step.clock_step)
        d_line.step(packet.time_ns);
    else if (agrees)
        d_line.observe(residual);
    else if (!packet.has_seq)
        d_line.observe_outlier(residual);
    d_suspected_step_s = agrees || step.clock_step ? 0 : residual;
}

void packet_order::push_unpacketed(const packet_header& run,
                                   std::vector<packet_step>& plan)
{
    packet_step step;
    step.packet = run;
    const double jump_s = run.has_time && d_line.started() ? residual_s(run) : 0;
    if (std::abs(jump_s) > d_line.tolerance_s()) {
        step.seconds = jump_s;
        step.clock_step =
            jump_s < 0 || d_pace.is_clock_step(run.arrival_ns, d_signal_s, jump_s);
        if (!step.clock_step)
            step.missing =
                static_cast<uint64_t>(std::llround(jump_s * d_line.sample_rate()));
        step.gap_samples = static_cast<double>(step.missing);
    }
    go_on(step, plan);
}

} // namespace kernel
} // namespace sentinel
} // namespace gr
