/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gap_guard_impl.h"
#include "stream_tags.h"

#include <gnuradio/block_detail.h>
#include <gnuradio/buffer_reader.h>
#include <gnuradio/io_signature.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstring>
#include <limits>
#include <stdexcept>

namespace gr {
namespace sentinel {

namespace {
using action = kernel::packet_step::action;
constexpr uint64_t unlimited = std::numeric_limits<uint64_t>::max();
constexpr double anchor_period_s = 1;
constexpr double anchor_error = 0.1; // samples

const pmt::pmt_t& port_gaps()
{
    static const auto port = pmt::mp("gaps");
    return port;
}

const pmt::pmt_t& port_wake()
{
    static const auto port = pmt::mp("wake");
    return port;
}

gap_guard_config checked(const gap_guard_config& config)
{
    const auto fail = [](const std::string& text) {
        throw std::invalid_argument("gap_guard: " + text);
    };
    if (config.item_size < 1)
        fail("item_size must be at least 1 byte");
    if (!(config.sample_rate > 0) || !std::isfinite(config.sample_rate))
        fail("sample_rate must be above 0 Hz");
    if (!(config.fill_below >= 0))
        fail("fill_below must be 0 samples or more");
    if (config.rule != "sentinel" && config.rule != "published")
        fail("rule must be sentinel or published, not " + config.rule);
    const char* kinds[] = { "sequence", "timestamps", "clock", "none", "exact" };
    if (std::find(std::begin(kinds), std::end(kinds), config.accounting) ==
        std::end(kinds))
        fail("accounting must be sequence, timestamps, clock, none or exact, not " +
             config.accounting);
    if (!config.fill_item.empty() && config.fill_item.size() != config.item_size)
        fail("fill_item must have the " + std::to_string(config.item_size) +
             " bytes of one item, not " + std::to_string(config.fill_item.size()));
    if (!pmt::is_null(config.stream) && !pmt::is_dict(config.stream))
        fail("stream must be a dict");
    return config;
}

// The streams of one source after the first are told apart by a number.
pmt::pmt_t numbered_stream(const pmt::pmt_t& stream, uint64_t number)
{
    static const auto key = pmt::mp("stream_id");
    const auto id = pmt::dict_ref(stream, key, pmt::PMT_NIL);
    if (number == 1 || !pmt::is_symbol(id))
        return stream;
    return pmt::dict_add(
        stream, key, pmt::mp(pmt::symbol_to_string(id) + "." + std::to_string(number)));
}

uint64_t monotonic_ns()
{
    using namespace std::chrono;
    return static_cast<uint64_t>(
        duration_cast<nanoseconds>(steady_clock::now().time_since_epoch()).count());
}
} // namespace

gap_guard::sptr gap_guard::make(const gap_guard_config& config)
{
    return gnuradio::make_block_sptr<gap_guard_impl>(checked(config));
}

gap_guard_impl::gap_guard_impl(const gap_guard_config& config)
    : gr::block("gap_guard",
                gr::io_signature::make(1, 1, static_cast<int>(config.item_size)),
                gr::io_signature::make(1, 1, static_cast<int>(config.item_size))),
      d_config(config),
      d_item_size(config.item_size),
      d_use_seq(config.accounting == "sequence" || config.accounting == "clock"),
      d_use_time(d_use_seq || config.accounting == "timestamps"),
      d_order(config.sample_rate),
      d_published(config.sample_rate),
      d_accountant(config.sample_rate),
      d_fill_item(config.fill_item.begin(), config.fill_item.end()),
      d_last(config.item_size),
      d_stream(config.stream),
      d_input_limit(unlimited),
      d_rate(config.sample_rate),
      d_center_freq(config.center_freq),
      d_fill_below(config.fill_below),
      d_gain(std::numeric_limits<double>::quiet_NaN())
{
    d_fill_item.resize(d_item_size);
    d_plan.reserve(16);
    set_tag_propagation_policy(TPP_DONT);
    message_port_register_out(port_gaps());
    // Nothing but a message wakes a block whose input has fallen silent.
    message_port_register_in(port_wake());
    set_msg_handler(port_wake(), [](const pmt::pmt_t&) {});
}

void gap_guard_impl::request_end()
{
    d_end_requested = true;
    _post(port_wake(), pmt::PMT_NIL);
}

void gap_guard_impl::set_fill_below(double samples)
{
    if (!(samples >= 0))
        throw std::invalid_argument("gap_guard: fill_below must be 0 samples or more");
    d_fill_below = samples;
}

void gap_guard_impl::set_gain(double gain_db)
{
    if (!std::isfinite(gain_db))
        throw std::invalid_argument("gap_guard: gain_db must be a finite number");
    d_gain = gain_db;
    d_gain_is_new = true;
}

gap_guard_counts gap_guard_impl::counts() const
{
    std::lock_guard<std::mutex> lock(d_mutex);
    return d_shown_counts;
}

bool gap_guard_impl::input_done() const
{
    return detail()->input(0)->done();
}

void gap_guard_impl::forecast(int, gr_vector_int& required)
{
    required[0] = d_end_requested || d_finishing || input_done() ? 0 : 1;
}

int gap_guard_impl::general_work(int noutput_items,
                                 gr_vector_int& ninput_items,
                                 gr_vector_const_void_star& input_items,
                                 gr_vector_void_star& output_items)
{
    if (d_done)
        return WORK_DONE;
    begin_round(ninput_items[0], input_items[0], noutput_items, output_items[0]);
    while (advance()) {
    }
    const uint64_t taken = d_now.in_at - nitems_read(0);
    account_by_clock(taken);
    consume(0, static_cast<int>(taken));
    {
        std::lock_guard<std::mutex> lock(d_mutex);
        d_shown_counts = d_counts;
    }
    return d_done && d_now.written == 0 ? WORK_DONE : static_cast<int>(d_now.written);
}

void gap_guard_impl::begin_round(size_t available, const void* in, size_t room, void* out)
{
    limit_input();
    const uint64_t at = nitems_read(0);
    const uint64_t allowed = d_input_limit > at ? d_input_limit - at : 0;
    available = static_cast<size_t>(std::min<uint64_t>(available, allowed));
    d_now = { static_cast<const char*>(in), available, at,
              static_cast<char*>(out),      room,      0 };
    d_tags.clear();
    get_tags_in_range(d_tags, 0, at, at + available);
    read_headers(d_tags, d_headers);
    d_next_header = 0;
}

// Once no more is to come, the input has an end.
void gap_guard_impl::limit_input()
{
    if (d_input_limit == unlimited && (d_end_requested || input_done()))
        d_input_limit = nitems_read(0) + detail()->input(0)->items_available();
}

bool gap_guard_impl::advance()
{
    if (d_done)
        return false;
    if (d_reached_limit) {
        d_plan.clear();
        d_next_step = 0;
        d_finishing = true;
    }
    if (d_next_step < d_plan.size()) {
        if (run_step(d_plan[d_next_step]))
            return true;
        // A packet of which the rest will never come, and all that would follow it.
        if (d_now.out_left == 0 || d_now.in_at != d_input_limit)
            return false;
        d_plan.clear();
        d_next_step = 0;
        d_finishing = true;
        return true;
    }
    d_plan.clear();
    d_next_step = 0;
    if (d_finishing) {
        close();
        return false;
    }
    if (d_now.in_left > 0)
        take_input();
    else if (d_now.in_at == d_input_limit) {
        d_order.finish(d_plan);
        d_finishing = true;
    } else
        return false;
    return true;
}

// The last item, with its tag.
void gap_guard_impl::close()
{
    if (d_has_last) {
        if (d_now.out_left == 0)
            return;
        std::memcpy(d_now.out, d_last.data(), d_item_size);
        add_item_tag(0,
                     nitems_written(0) + d_now.written,
                     tag_end(),
                     pmt::from_uint64(d_index),
                     alias_pmt());
        d_now.written++;
        d_has_last = false;
    }
    d_done = true;
}

void gap_guard_impl::take_input()
{
    while (d_next_header < d_headers.size() &&
           d_headers[d_next_header].offset < d_now.in_at)
        d_next_header++;
    const bool tagged = d_next_header < d_headers.size() &&
                        d_headers[d_next_header].offset == d_now.in_at;
    if (tagged) {
        const auto& found = d_headers[d_next_header++];
        // The source has connected anew.
        if (!pmt::is_null(found.stream) && d_in_stream) {
            d_order.finish(d_plan);
            d_order.restart();
            d_published.restart();
        }
        if (found.is_packet) {
            take_packet(found);
            return;
        }
    }
    const size_t length =
        d_next_header < d_headers.size()
            ? static_cast<size_t>(d_headers[d_next_header].offset - d_now.in_at)
            : d_now.in_left;
    take_run(length, tagged ? &d_headers[d_next_header - 1] : nullptr);
}

void gap_guard_impl::take_packet(const tagged_header& found)
{
    kernel::packet_header packet = found.header;
    packet.has_seq = packet.has_seq && d_use_seq;
    packet.has_time = packet.has_time && d_use_time;
    if (packet.arrival_ns > 0)
        d_counts.last_arrival_ns = packet.arrival_ns;
    const size_t first = d_plan.size();
    if (d_config.rule == "published")
        d_published.push(packet, d_plan);
    else
        d_order.push(packet, d_plan);
    d_counts.jitter_s = d_order.line().jitter_s();
    d_counts.rate_ppm = d_order.line().rate_ppm();
    if (!pmt::is_null(found.stream)) {
        d_plan[first].restart = d_in_stream;
        d_stream = found.stream;
    }
}

void gap_guard_impl::take_run(size_t length, const tagged_header* found)
{
    kernel::packet_header run;
    if (found)
        run = found->header;
    run.items = length;
    run.has_seq = false;
    run.has_time = run.has_time && d_use_time;
    run.arrival_ns = monotonic_ns();
    d_counts.last_arrival_ns = run.arrival_ns;
    const size_t first = d_plan.size();
    d_order.push_unpacketed(run, d_plan);
    if (found && !pmt::is_null(found->stream)) {
        d_plan[first].restart = d_in_stream;
        d_stream = found->stream;
    }
}

void gap_guard_impl::account_by_clock(uint64_t taken)
{
    if (d_config.accounting != "clock" || taken == 0)
        return;
    const uint64_t deficit = d_accountant.add(taken, monotonic_ns());
    if (deficit == 0)
        return;
    d_counts.samples_lost += deficit;
    d_lost_before += deficit;
    step_t step;
    step.seconds = static_cast<double>(deficit) / d_rate;
    report("clock_deficit", deficit, step);
}

// One packet, step by step of the plan.

bool gap_guard_impl::run_step(const step_t& step)
{
    switch (step.what) {
    case action::hold:
        return keep(step);
    case action::late:
    case action::duplicate:
        return drop(step);
    default:
        break;
    }
    if (d_stage == stage::before)
        begin_packet(step);
    if (d_reached_limit) // within the gap
        return true;
    if (d_stage == stage::filling)
        return fill();
    return hand_on(step);
}

void gap_guard_impl::step_done()
{
    d_next_step++;
    d_step_items = 0;
    d_stage = stage::before;
}

bool gap_guard_impl::keep(const step_t& step)
{
    auto& slot = d_slots[step.slot];
    if (slot.size() < step.packet.items * d_item_size)
        slot.resize(step.packet.items * d_item_size);
    const size_t count =
        std::min<size_t>(d_now.in_left, step.packet.items - d_step_items);
    std::memcpy(slot.data() + d_step_items * d_item_size, d_now.in, count * d_item_size);
    return skip_input(count, step);
}

bool gap_guard_impl::drop(const step_t& step)
{
    const bool late = step.what == action::late;
    if (d_stage == stage::before) {
        (late ? d_counts.packets_late : d_counts.packets_duplicate)++;
        (late ? d_counts.samples_late : d_counts.samples_duplicate) += step.packet.items;
        report(late ? "late" : "duplicate", step.packet.items, step);
        d_stage = stage::items;
    }
    if (step.slot >= 0) {
        step_done();
        return true;
    }
    return skip_input(std::min<size_t>(d_now.in_left, step.packet.items - d_step_items),
                      step);
}

// True if that was progress.
bool gap_guard_impl::skip_input(size_t count, const step_t& step)
{
    d_now.in += count * d_item_size;
    d_now.in_at += count;
    d_now.in_left -= count;
    d_step_items += count;
    if (d_step_items == step.packet.items)
        step_done();
    return count > 0;
}

bool gap_guard_impl::hand_on(const step_t& step)
{
    if (!d_items_begun)
        begin_items(step);
    const bool from_input = step.what == action::pass;
    const char* from =
        from_input ? d_now.in : d_slots[step.slot].data() + d_step_items * d_item_size;
    uint64_t count = step.packet.items - d_step_items;
    if (from_input)
        count = std::min<uint64_t>(count, d_now.in_left);
    const size_t done = emit(from, std::min(count, samples_left()), false);
    d_counts.samples_received += done;
    if (from_input)
        return skip_input(done, step);
    d_step_items += done;
    if (d_step_items == step.packet.items)
        step_done();
    return done > 0;
}

void gap_guard_impl::begin_packet(const step_t& step)
{
    if (step.restart)
        begin_stream(step);
    d_stage = stage::items;
    d_items_begun = false;
    if ((step.missing > 0 || step.never_fill) && !begin_gap(step))
        return;
    if (step.clock_step) {
        d_counts.clock_steps++;
        d_new_segment = true;
        report("clock_step", 0, step);
    }
    if (step.rate_change) {
        d_counts.rate_changes++;
        d_new_segment = true;
        report("rate_change", 0, step);
    }
    if (step.reordered) {
        d_counts.packets_reordered++;
        report("reordered", step.packet.items, step);
    }
    d_counts.packets_received++;
}

void gap_guard_impl::begin_stream(const step_t& step)
{
    d_counts.restarts++;
    report("restart", 0, step);
    if (d_has_last) // the item before is the old stream's last
        add_item_tag(
            0, next_item() - 1, tag_end(), pmt::from_uint64(d_index), alias_pmt());
    d_stream_number++;
    d_index = 0;
    d_in_stream = false;
    d_new_segment = true;
}

// False if max_items end within the gap, when it is not filled.
bool gap_guard_impl::begin_gap(const step_t& step)
{
    if (!step.never_fill && step.gap_samples < d_fill_below) {
        d_counts.gaps_filled++;
        report("fill", step.missing, step);
        d_fill_left = std::min(step.missing, samples_left());
        tag(tag_filled(), pmt::from_uint64(d_fill_left));
        d_stage = stage::filling;
        return true;
    }
    d_counts.gaps_cut++;
    report("cut", step.missing, step);
    d_counts.samples_cut += std::min(step.missing, samples_left());
    if (step.missing >= samples_left()) {
        d_reached_limit = true;
        return false;
    }
    d_index += step.missing;
    d_elapsed += step.missing;
    d_lost_before = step.missing;
    d_new_segment = true;
    return true;
}

bool gap_guard_impl::fill()
{
    const size_t done = emit(d_fill_item.data(), d_fill_left, true);
    d_counts.samples_filled += done;
    d_fill_left -= done;
    if (d_fill_left > 0)
        return done > 0;
    d_stage = stage::items;
    return true;
}

void gap_guard_impl::begin_items(const step_t& step)
{
    d_items_begun = true;
    if (step.packet.rate > 0)
        d_rate = step.packet.rate;
    if (step.packet.center_freq > 0 && step.packet.center_freq != d_center_freq) {
        d_center_freq = step.packet.center_freq;
        d_new_segment = true;
    }
    if (d_new_segment)
        write_segment(step);
    else
        refresh_time(step);
    if (d_lost_before > 0)
        tag(tag_lost(), pmt::from_uint64(d_lost_before));
    d_lost_before = 0;
}

void gap_guard_impl::write_segment(const step_t& step)
{
    tag(tag_start(), pmt::from_uint64(d_index));
    tag(tag_step(), pmt::from_uint64(1));
    tag(tag_rx_rate(), pmt::from_double(d_rate));
    tag(tag_rx_freq(), pmt::from_double(d_center_freq));
    write_gain();
    d_has_anchor = step.has_time;
    if (d_has_anchor) {
        tag(tag_rx_time(), time_value(step.time_ns));
        d_anchor_ns = step.time_ns;
        d_anchor_index = d_index;
    }
    if (!d_in_stream && pmt::is_dict(d_stream) && !pmt::is_null(d_stream))
        tag(tag_stream(), numbered_stream(d_stream, d_stream_number));
    d_in_stream = true;
    d_new_segment = false;
}

// Follows the sender's clock, so that times told from the last rx_time stay right.
void gap_guard_impl::refresh_time(const step_t& step)
{
    const double since_s = static_cast<double>(d_index - d_anchor_index) / d_rate;
    if (!step.has_time || (d_has_anchor && since_s < anchor_period_s))
        return;
    const double error_s =
        1e-9 * static_cast<double>(step.time_ns - d_anchor_ns) - since_s;
    if (d_has_anchor && std::abs(error_s) * d_rate < anchor_error)
        return;
    tag(tag_rx_time(), time_value(step.time_ns));
    d_has_anchor = true;
    d_anchor_ns = step.time_ns;
    d_anchor_index = d_index;
}

void gap_guard_impl::write_gain()
{
    d_gain_is_new = false; // before the look: a gain told meanwhile is written again
    const double gain_db = d_gain;
    if (!std::isnan(gain_db))
        tag(tag_gain(), pmt::from_double(gain_db));
}

uint64_t gap_guard_impl::samples_left() const
{
    return d_config.max_items == 0 ? unlimited : d_config.max_items - d_elapsed;
}

/*
 * Writes items, or one item again and again, and returns how many were taken. The last
 * one is kept for the next call.
 */
size_t gap_guard_impl::emit(const char* items, size_t count, bool repeat)
{
    const size_t taken = std::min(count, d_now.out_left);
    if (taken == 0)
        return 0;
    if (d_gain_is_new)
        write_gain();
    if (d_has_last) {
        std::memcpy(d_now.out, d_last.data(), d_item_size);
        d_now.out += d_item_size;
        d_now.out_left--;
        d_now.written++;
    }
    const size_t whole = (taken - 1) * d_item_size;
    if (!repeat)
        std::memcpy(d_now.out, items, whole);
    else
        for (size_t at = 0; at < whole; at += d_item_size)
            std::memcpy(d_now.out + at, items, d_item_size);
    d_now.out += whole;
    d_now.out_left -= taken - 1;
    d_now.written += taken - 1;
    std::memcpy(d_last.data(), repeat ? items : items + whole, d_item_size);
    d_has_last = true;
    d_index += taken;
    d_elapsed += taken;
    d_reached_limit = samples_left() == 0;
    return taken;
}

void gap_guard_impl::tag(const pmt::pmt_t& key, const pmt::pmt_t& value)
{
    add_item_tag(0, next_item(), key, value, alias_pmt());
}

void gap_guard_impl::report(const char* kind, uint64_t samples, const step_t& step)
{
    auto message = pmt::make_dict();
    const auto put = [&](const char* key, const pmt::pmt_t& value) {
        message = pmt::dict_add(message, pmt::mp(key), value);
    };
    put("kind", pmt::mp(kind));
    put("place", pmt::from_uint64(d_index));
    put("samples", pmt::from_uint64(samples));
    put("seconds", pmt::from_double(step.seconds));
    put("expected_s", pmt::from_double(step.expected_s));
    put("got_s", pmt::from_double(step.got_s));
    message_port_pub(port_gaps(), message);
}

} // namespace sentinel
} // namespace gr
