/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What packet_order knows of a packet before it does anything with it: its place against
 * what is expected, and how much is missing before it.
 */
#include <gnuradio/sentinel/kernel/packet_order.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <utility>

namespace gr {
namespace sentinel {
namespace kernel {

namespace {
constexpr double not_whole = 0;
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

} // namespace kernel
} // namespace sentinel
} // namespace gr
