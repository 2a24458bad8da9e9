/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gnuradio/sentinel/api.h>
#include <gnuradio/sentinel/kernel/arrival_pace.h>
#include <gnuradio/sentinel/kernel/time_line.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace gr {
namespace sentinel {
namespace kernel {

//! What is known of a packet before its samples are looked at.
struct SENTINEL_API packet_header {
    uint64_t items = 0;
    bool has_seq = false;
    uint64_t seq = 0;
    bool has_time = false;
    int64_t time_ns = 0;     //!< UTC of the first item since 1970
    uint64_t arrival_ns = 0; //!< receiver's monotonic clock; 0: not known
    double rate = 0;         //!< Hz; 0: as before
    double center_freq = 0;  //!< Hz; 0: as before; only carried along
};

//! One thing to do with a packet, in the order of the plan.
struct SENTINEL_API packet_step {
    enum class action {
        pass,      //!< the packet just come goes on
        play,      //!< the packet of `slot` goes on, the slot is free
        hold,      //!< the packet just come is kept in `slot`
        late,      //!< given up as lost before: drop it
        duplicate, //!< has been here before: drop it
    };
    action what = action::pass;
    int slot = -1; //!< late and duplicate: -1 is the packet just come
    packet_header packet;

    // Of pass and play only: what happened before the packet.
    uint64_t missing = 0;    //!< samples
    double gap_samples = 0;  //!< the same before rounding
    bool never_fill = false; //!< the gap must be cut, whatever its length
    bool restart = false;    //!< the sender began anew: index 0
    bool clock_step = false; //!< time jumps, the samples go on
    bool rate_change = false;
    bool reordered = false; //!< came after a packet that belongs behind it
    double seconds = 0;     //!< gap or clock step
    double expected_s = 0;  //!< from the previous packet's begin to this one's
    double got_s = 0;       //!< by the stamps
    bool has_time = false;
    int64_t time_ns = 0; //!< of the packet's first item, freed of jitter
};

/*!
 * \brief Puts packets into order and says what is missing between them.
 *
 * Packets with a sequence number are ordered by it; lost are the missing numbers times
 * the packet size while sizes are constant, else the time between the stamps. Packets
 * with a stamp only are compared with the time_line; a jump is acted on if it is above
 * time_line::tolerance_s() and above the scatter of the packets that confirm it. The
 * length of a gap is round(gap * tracked rate), and a whole number of packets where it
 * lies within the tolerance of one. Packets with neither pass.
 *
 * A packet ahead of its time is held until the missing one has come or `depth` packets
 * are held and another comes. A packet from the past is dropped as late if it was given
 * up as lost; otherwise it is held too: the stream going on in order proves it a
 * duplicate, `depth` further packets from the past in ascending order prove that the
 * sender has begun anew (sequence) or its clock was set back (time). A number that goes
 * back while the stamp goes on, by no more than arrivals do, proves that at once. A
 * forward jump of
 * the time is a clock step where arrival_pace says so, else a loss. With sequence numbers
 * a jump of the time that two packets confirm is a clock step.
 *
 * Cost: some 100 ns per packet, no allocation but the plan's.
 */
class SENTINEL_API packet_order
{
public:
    static constexpr size_t depth = 4;

    explicit packet_order(double sample_rate);

    //! Appends to `plan` what is to be done, now that this packet has come.
    void push(const packet_header& packet, std::vector<packet_step>& plan);

    //! Appends the packets still held: no further packet comes.
    void finish(std::vector<packet_step>& plan);

    //! The next packet is the first of a new stream. Nothing may be held.
    void restart();

    /*!
     * Items of a source without packets, with or without a time stamp of the first.
     * They cannot be reordered: a forward jump is a gap at once, a backward one a clock
     * step.
     */
    void push_unpacketed(const packet_header& run, std::vector<packet_step>& plan);

    const time_line& line() const { return d_line; }

    //! Place of the next sample on the stream's timeline; lost samples count.
    uint64_t index() const { return d_index; }
    //! For tests of long streams: before the first packet.
    void set_index(uint64_t index) { d_index = index; }

private:
    // Numbers that far ahead are no loss that can be filled or timed: another sender.
    static constexpr int64_t absurd_lead = int64_t(1) << 31;
    enum class place { here, ahead, behind };
    struct held_packet {
        packet_header header;
        int slot;
    };
    struct range {
        int64_t begin = 0, end = 0;
    };

    double duration_s(const packet_header& packet) const;
    double residual_s(const packet_header& packet, double ahead = 0) const;
    int64_t sequence_lead(const packet_header& packet) const;
    place place_of(const packet_header& packet) const;
    int64_t position(const packet_header& packet) const;
    bool was_lost(int64_t position) const;
    bool is_restarted(const packet_header& packet) const;
    double longest_pause_s(const packet_header& packet) const;
    bool is_held(const packet_header& packet) const;
    bool is_jittered(const packet_header& packet, double ahead = 0) const;
    bool only_jittered(const packet_header& packet) const;
    bool all_from_the_past(const packet_header& packet) const;
    bool all_ahead() const;
    bool pass_before_held(packet_step step, std::vector<packet_step>& plan);
    size_t earliest_ahead() const; // d_held_count if there is none
    double confirmed_jump_s(size_t head) const;
    uint64_t missing_by_sequence(const packet_header& head) const;
    uint64_t whole_packets(double samples, double tolerance) const; // 0: not whole
    uint64_t missing_samples(double jump_s) const;

    packet_step take(size_t held, packet_step::action what);
    void go_on(packet_step step, std::vector<packet_step>& plan);
    void note_time(packet_step& step);
    void note_size(const packet_header& packet);
    void drain(std::vector<packet_step>& plan);
    void drop_behind(std::vector<packet_step>& plan);
    void hold(const packet_header& packet, std::vector<packet_step>& plan);
    void play_earliest_ahead(std::vector<packet_step>& plan);
    void play_all_ahead(std::vector<packet_step>& plan);
    void begin_anew(packet_step step, std::vector<packet_step>& plan);
    void make_room(const packet_header& packet, std::vector<packet_step>& plan);
    void remember_loss(int64_t begin, int64_t end);

    double d_rate;
    bool d_started = false;
    uint64_t d_index = 0;
    uint64_t d_first_index = 0; // of the stream or of the last clock step
    uint64_t d_first_seq = 0;
    uint64_t d_next_seq = 0;
    uint64_t d_size = 0;         // items of the first packet
    uint64_t d_last_size = 0;    // of the last
    bool d_constant_size = true; // all packets but the last have d_size
    bool d_has_last_time = false;
    int64_t d_last_time_ns = 0;
    double d_last_duration_s = 0;
    uint64_t d_last_arrival_ns = 0;
    double d_signal_s = 0;
    double d_suspected_step_s = 0; // residual of the last packet, where it was too large
    time_line d_line;
    arrival_pace d_pace;
    std::array<held_packet, depth> d_held; // in order of arrival
    size_t d_held_count = 0;
    // The most recent losses; numbers where there is a sequence, else indices.
    std::array<range, 64> d_lost;
    size_t d_lost_count = 0;
    std::array<int64_t, 64> d_recovered; // late packets that have come since
    size_t d_recovered_count = 0;
};

} // namespace kernel
} // namespace sentinel
} // namespace gr
