/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <gnuradio/sentinel/kernel/packet_order.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <utility>

namespace gr {
namespace sentinel {
namespace kernel {

namespace {
using action = packet_step::action;
constexpr double not_whole = 0;
// Numbers that far ahead are no loss that can be filled or timed: another sender.
constexpr int64_t absurd_lead = int64_t(1) << 31;
// A stamp may be so much further from the last one than their arrivals are.
constexpr double plausible_lead_s = 60;

// A handful of values: insertion sort.
template <typename value, typename order>
void sort_few(std::array<value, packet_order::depth>& values, size_t count, order before)
{
    for (size_t i = 1; i < count; i++)
        for (size_t k = i; k > 0 && before(values[k], values[k - 1]); k--)
            std::swap(values[k], values[k - 1]);
}
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

// What a packet is, against what is expected next.

double packet_order::duration_s(const packet_header& packet) const
{
    return static_cast<double>(packet.items) / (packet.rate > 0 ? packet.rate : d_rate);
}

double packet_order::residual_s(const packet_header& packet, double ahead) const
{
    return d_line.residual_s(packet.time_ns, ahead);
}

int64_t packet_order::sequence_lead(const packet_header& packet) const
{
    return static_cast<int64_t>(packet.seq - d_next_seq); // wraps as the counter does
}

packet_order::place packet_order::place_of(const packet_header& packet) const
{
    if (packet.has_seq) {
        const int64_t lead = sequence_lead(packet);
        return lead == 0 ? place::here : lead > 0 ? place::ahead : place::behind;
    }
    if (!packet.has_time || !d_line.started())
        return place::here;
    const double residual = residual_s(packet);
    if (std::abs(residual) <= d_line.tolerance_s())
        return place::here;
    return residual > 0 ? place::ahead : place::behind;
}

// Of the packet's middle, which jitter does not carry into a neighbour.
int64_t packet_order::position(const packet_header& packet) const
{
    if (packet.has_seq)
        return static_cast<int64_t>(packet.seq);
    const double samples = residual_s(packet) * d_line.sample_rate() +
                           0.5 * static_cast<double>(packet.items);
    return static_cast<int64_t>(d_index) + std::llround(samples);
}

void packet_order::remember_loss(int64_t begin, int64_t end)
{
    d_lost[d_lost_count++ % d_lost.size()] = { begin, end };
}

bool packet_order::was_lost(int64_t position) const
{
    const auto inside = [&](const range& lost) {
        return position >= lost.begin && position < lost.end;
    };
    const size_t losses = std::min(d_lost_count, d_lost.size());
    if (std::none_of(d_lost.begin(), d_lost.begin() + losses, inside))
        return false;
    const size_t recovered = std::min(d_recovered_count, d_recovered.size());
    return std::find(d_recovered.begin(), d_recovered.begin() + recovered, position) ==
           d_recovered.begin() + recovered;
}

// Numbers go back and the clock does not.
bool packet_order::is_restarted(const packet_header& packet) const
{
    if (!packet.has_seq)
        return false;
    if (sequence_lead(packet) > absurd_lead)
        return true;
    if (!packet.has_time || !d_has_last_time)
        return false;
    const double passed_s = 1e-9 * static_cast<double>(packet.time_ns - d_last_time_ns);
    return passed_s > 0.5 * d_last_duration_s && passed_s <= longest_pause_s(packet);
}

// A single packet whose stamp lies years ahead proves nothing; further ones may.
double packet_order::longest_pause_s(const packet_header& packet) const
{
    if (packet.arrival_ns == 0 || d_last_arrival_ns == 0)
        return std::numeric_limits<double>::infinity();
    const auto arrived_ns = static_cast<int64_t>(packet.arrival_ns - d_last_arrival_ns);
    return plausible_lead_s + 1e-9 * static_cast<double>(arrived_ns);
}

bool packet_order::is_held(const packet_header& packet) const
{
    return std::any_of(
        d_held.begin(), d_held.begin() + d_held_count, [&](const held_packet& held) {
            return packet.has_seq ? held.header.seq == packet.seq
                                  : held.header.time_ns == packet.time_ns &&
                                        held.header.items == packet.items;
        });
}

// Whether its stamp can be that of the next packet: a duplicate is a whole one off.
bool packet_order::is_jittered(const packet_header& packet, double ahead) const
{
    return !packet.has_seq &&
           std::abs(residual_s(packet, ahead)) < 0.5 * duration_s(packet);
}

// Whether the stamps of the packets held were wrong, and the stream simply went on.
bool packet_order::only_jittered(const packet_header& packet) const
{
    if (packet.has_seq || d_held_count == 0)
        return false;
    double ahead = 0;
    for (size_t i = 0; i < d_held_count; i++) {
        const packet_header& held = d_held[i].header;
        if (!is_jittered(held, ahead))
            return false;
        ahead += static_cast<double>(held.items);
    }
    return std::abs(residual_s(packet, ahead)) <= d_line.tolerance_s();
}

// Whether the packets held and this one are a stream of their own that began earlier.
bool packet_order::all_from_the_past(const packet_header& packet) const
{
    if (place_of(d_held[0].header) != place::behind)
        return false;
    bool ascending = true, same_shift = !packet.has_seq;
    const double first_shift = packet.has_seq ? 0 : residual_s(d_held[0].header);
    double ahead = static_cast<double>(d_held[0].header.items);
    const packet_header* before = &d_held[0].header;
    for (size_t i = 1; i <= d_held_count; i++) {
        const packet_header& header = i < d_held_count ? d_held[i].header : packet;
        ascending = ascending && place_of(header) == place::behind &&
                    (header.has_seq ? static_cast<int64_t>(header.seq - before->seq) > 0
                                    : header.time_ns > before->time_ns);
        same_shift = same_shift && std::abs(residual_s(header, ahead) - first_shift) <=
                                       d_line.tolerance_s();
        ahead += static_cast<double>(header.items);
        before = &header;
    }
    return ascending || same_shift;
}

size_t packet_order::earliest_ahead() const
{
    size_t found = d_held_count;
    for (size_t i = 0; i < d_held_count; i++) {
        const packet_header& header = d_held[i].header;
        if (place_of(header) != place::ahead)
            continue;
        if (found == d_held_count ||
            (header.has_seq ? sequence_lead(header) < sequence_lead(d_held[found].header)
                            : header.time_ns < d_held[found].header.time_ns))
            found = i;
    }
    return found;
}

// How much is missing.

uint64_t packet_order::whole_packets(double samples, double tolerance) const
{
    if (!d_constant_size || d_size == 0)
        return not_whole;
    const double size = static_cast<double>(d_size);
    const double count = std::round(samples / size);
    return std::abs(samples - count * size) <= tolerance ? static_cast<uint64_t>(count)
                                                         : not_whole;
}

uint64_t packet_order::missing_samples(double jump_s) const
{
    const double samples = jump_s * d_line.sample_rate();
    const uint64_t packets =
        whole_packets(samples, d_line.tolerance_s() * d_line.sample_rate());
    return packets > 0 ? packets * d_size : static_cast<uint64_t>(std::llround(samples));
}

uint64_t packet_order::missing_by_sequence(const packet_header& head) const
{
    const auto packets = static_cast<uint64_t>(sequence_lead(head));
    if (d_constant_size)
        return packets * d_size;
    if (head.has_time && d_line.started())
        return static_cast<uint64_t>(
            std::llround(std::max(0.0, residual_s(head)) * d_line.sample_rate()));
    return packets * d_last_size;
}

/*
 * The jump before the earliest packet ahead, 0 if it is jitter. After a loss all packets
 * come later by the same amount, or by more where another one is missing; jitter
 * scatters.
 */
double packet_order::confirmed_jump_s(size_t head) const
{
    std::array<const packet_header*, depth> ahead;
    size_t count = 0;
    for (size_t i = 0; i < d_held_count; i++)
        if (place_of(d_held[i].header) == place::ahead)
            ahead[count++] = &d_held[i].header;
    sort_few(ahead, count, [](const auto* a, const auto* b) {
        return a->time_ns < b->time_ns;
    });

    const double tolerance = d_line.tolerance_s();
    const double first = residual_s(d_held[head].header);
    std::array<double, depth> agreeing{};
    size_t agreed = 0;
    double before = 0, passed = first;
    bool ascending = count == d_held_count;
    for (size_t i = 0; i < count; i++) {
        const double jump = residual_s(*ahead[i], before);
        if (std::abs(jump - first) <= tolerance)
            agreeing[agreed++] = jump;
        ascending = ascending && jump >= passed - tolerance;
        passed = jump;
        before += static_cast<double>(ahead[i]->items);
    }
    sort_few(agreeing, agreed, std::less<>());
    const double jump = 0.5 * (agreeing[(agreed - 1) / 2] + agreeing[agreed / 2]);
    const double scatter = agreeing[agreed - 1] - agreeing[0];
    const double rate = d_line.sample_rate();
    if (whole_packets(jump * rate, tolerance * rate) > 0)
        return jump;
    const bool alone = agreed == 1;
    const bool confirmed = d_line.settled() || count == 1
                               ? (alone ? ascending : jump > 1.5 * scatter)
                               : agreed == count && ascending && jump > 3 * scatter;
    return confirmed && jump > tolerance ? jump : 0;
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
