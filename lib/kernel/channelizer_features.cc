/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <gnuradio/sentinel/kernel/channelizer_features.h>

#include "feature_record.h"
#include "lane_fft.h"
#include "lane_rows.h"
#include "moving_mean.h"
#include "native_slots.h"
#include "snapshot_tally.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <stdexcept>
#include <string>

/*
 * Samples pass through whole blocks, since a block's own mean is taken off it. A slot is
 * N samples; row m reaches over the slots m .. m + depth - 1 and is computed with seven
 * others when the last of their slots is in.
 */
namespace gr {
namespace sentinel {
namespace kernel {

namespace {

constexpr size_t lanes = 8;
constexpr size_t least_block = 4096;
constexpr double most_blocks = 256; // of a window, since all are added for each one

void require(bool good, const std::string& what)
{
    if (!good)
        throw std::invalid_argument("channelizer_features: " + what);
}

channelizer_features::config validated(channelizer_features::config c)
{
    require(std::isfinite(c.sample_rate) && c.sample_rate > 0,
            "sample_rate must be above 0 Hz");
    require(slots_can_be_read(c.format),
            std::string("format must be cu8, ci8, cu16_le, ci16_le or cf32_le, not ") +
                sample_format_name(c.format));
    require(c.channels >= 2 && c.channels <= 16384 && c.channels % 2 == 0,
            "channels must be an even number, 2..16384, not " +
                std::to_string(c.channels));
    require(!c.taps.empty() && c.taps.size() % c.channels == 0 &&
                c.taps.size() <= 64 * c.channels,
            "taps must be 1..64 times " + std::to_string(c.channels) + " channels, not " +
                std::to_string(c.taps.size()));
    for (float tap : c.taps)
        require(std::isfinite(tap), "taps must be finite");
    require(c.snapshot_samples >= c.channels && c.snapshot_samples < (size_t(1) << 40),
            "snapshot_samples must be at least one sample per channel, not " +
                std::to_string(c.snapshot_samples));
    require(c.dc_window_s >= 0 && c.dc_window_s * c.sample_rate < 1e12,
            "dc_window_s must be 0 or more seconds");
    return c;
}

size_t block_of(const channelizer_features::config& c)
{
    const double least = c.dc_window_s * c.sample_rate / most_blocks;
    const size_t step = lanes * c.channels;
    const size_t samples = std::max(least_block, static_cast<size_t>(std::ceil(least)));
    return (samples + step - 1) / step * step;
}

size_t window_of(const channelizer_features::config& c)
{
    if (c.dc_window_s == 0)
        return 0;
    const double blocks =
        c.dc_window_s * c.sample_rate / static_cast<double>(block_of(c));
    return std::max<size_t>(1, static_cast<size_t>(blocks));
}

//! Samples [begin, end) of a block.
struct stretch {
    size_t begin, end;
};

} // namespace

struct channelizer_features::impl {
    explicit impl(config settings)
        : c(validated(std::move(settings))),
          depth(c.taps.size() / c.channels),
          sample_bytes(bytes_per_sample(c.format)),
          scale(scale_of(c.format)),
          block(block_of(c)),
          length(4 * c.channels + scalar_count),
          most_records(2 * (block / c.snapshot_samples) +
                       c.taps.size() / c.snapshot_samples + 8),
          raw(block * sample_bytes),
          mean(window_of(c)),
          tallies(most_records),
          fold(c.taps, c.channels),
          fft(c.channels),
          sums(c.channels, c.coherence),
          lines(fold.floats()),
          folded(2 * lanes * c.channels),
          spectrum(2 * lanes * c.channels),
          ready(most_records * length)
    {
        filled.reserve(block / 2 + 1);
    }

    progress take(const void* samples, size_t count, float* records, size_t capacity);
    void note_filled(size_t count);
    void run_block(const unsigned char* samples, size_t used);
    void tally_block(const unsigned char* samples, size_t used);
    void tally_stretch(stretch part, const unsigned char* samples, moving_mean::block&);
    template <typename action>
    void by_snapshot(stretch part, action act);
    void take_eight(const unsigned char* samples, size_t slot, size_t slots);
    unsigned clean_slots(size_t slot, size_t slots);
    unsigned whole_rows(uint64_t first_slot) const;
    void add_rows(uint64_t first_row, unsigned valid, size_t slots);
    void emit();
    size_t drain(float* records, size_t capacity);
    size_t finish(float* records, size_t capacity);
    void reset();

    uint64_t next_sample() const { return block_start + fill; }
    uint64_t snapshot_of(uint64_t sample) const { return sample / c.snapshot_samples; }
    //! First row that belongs to a snapshot or a later one.
    uint64_t first_row_of(uint64_t snapshot) const
    {
        return (snapshot * c.snapshot_samples + c.channels - 1) / c.channels;
    }

    const config c;
    const size_t depth;
    const size_t sample_bytes;
    const code_scale scale;
    const size_t block, length, most_records;

    // The block that is being filled.
    std::vector<unsigned char> raw;
    std::vector<stretch> filled;
    size_t fill = 0;
    uint64_t block_start = 0;
    bool finished = false;

    moving_mean mean;
    snapshot_tallies tallies;
    double subtract_i = 0, subtract_q = 0;
    double told_gain_db = NAN, gain_db = NAN; // at the input, at the latest record

    lane_fold fold;
    lane_fft fft;
    lane_sums sums;
    aligned_floats lines, folded, spectrum;
    size_t clean_run = 0;    // slots without a filled sample up to the latest one
    bool row_before = false; // whether the row before the next one is valid
    row_counts counts;       // of the snapshot at hand
    uint64_t snapshot = 0;   // the rows at hand belong to it

    std::vector<float> ready; // records not yet given out
    size_t ready_begin = 0, ready_end = 0;
};

// ---- input ----

channelizer_features::progress channelizer_features::impl::take(const void* samples,
                                                                size_t count,
                                                                float* records,
                                                                size_t capacity)
{
    if (finished)
        throw std::logic_error("channelizer_features: reset() must come after finish()");
    const auto* in = static_cast<const unsigned char*>(samples);
    progress done = { 0, drain(records, capacity) };
    while (done.consumed < count && ready_begin == ready_end) {
        const size_t n = std::min(count - done.consumed, block - fill);
        const unsigned char* from = raw.data();
        if (in && n == block)
            from = in + done.consumed * sample_bytes;
        else if (in)
            std::memcpy(raw.data() + fill * sample_bytes,
                        in + done.consumed * sample_bytes,
                        n * sample_bytes);
        else
            note_filled(n);
        fill += n;
        done.consumed += n;
        if (fill == block) {
            run_block(from, block);
            block_start += block;
            fill = 0;
        }
        done.produced +=
            drain(records + done.produced * length, capacity - done.produced);
    }
    return done;
}

void channelizer_features::impl::note_filled(size_t count)
{
    if (!filled.empty() && filled.back().end == fill)
        filled.back().end += count;
    else
        filled.push_back({ fill, fill + count });
}

size_t channelizer_features::impl::finish(float* records, size_t capacity)
{
    if (!finished) {
        finished = true;
        const uint64_t end = next_sample();
        if (fill > 0)
            run_block(raw.data(), fill);
        while (snapshot * c.snapshot_samples < end)
            emit();
    }
    return drain(records, capacity);
}

size_t channelizer_features::impl::drain(float* records, size_t capacity)
{
    const size_t count = std::min(capacity, ready_end - ready_begin);
    std::copy_n(ready.data() + ready_begin * length, count * length, records);
    ready_begin += count;
    if (ready_begin == ready_end)
        ready_begin = ready_end = 0;
    return count;
}

void channelizer_features::impl::reset()
{
    filled.clear();
    fill = 0;
    block_start = 0;
    finished = false;
    mean.clear();
    tallies.clear();
    gain_db = told_gain_db;
    sums.clear();
    clean_run = 0;
    row_before = false;
    counts = row_counts();
    snapshot = 0;
    ready_begin = ready_end = 0;
}

// ---- one block ----

void channelizer_features::impl::run_block(const unsigned char* samples, size_t used)
{
    tally_block(samples, used);
    const size_t slots = used / c.channels;
    for (size_t slot = 0; slot < slots; slot += lanes)
        take_eight(samples + slot * c.channels * sample_bytes,
                   slot,
                   std::min(lanes, slots - slot));
    filled.clear();
}

template <typename action>
void channelizer_features::impl::by_snapshot(stretch part, action act)
{
    while (part.begin < part.end) {
        const uint64_t s = snapshot_of(block_start + part.begin);
        const uint64_t left = (s + 1) * c.snapshot_samples - block_start - part.begin;
        const size_t end =
            part.begin +
            static_cast<size_t>(std::min<uint64_t>(left, part.end - part.begin));
        act(tallies.of(s), stretch{ part.begin, end });
        part.begin = end;
    }
}

void channelizer_features::impl::tally_stretch(stretch part,
                                               const unsigned char* samples,
                                               moving_mean::block& total)
{
    by_snapshot(part, [&](snapshot_tally& tally, stretch within) {
        const size_t count = within.end - within.begin;
        const auto found =
            sum_codes(c.format, samples + within.begin * sample_bytes, count);
        tally.samples += count;
        tally.clipped += found.clipped;
        total.i += found.i;
        total.q += found.q;
        total.count += count;
    });
}

// Counts the samples and finds the mean that is to be taken off them.
void channelizer_features::impl::tally_block(const unsigned char* samples, size_t used)
{
    moving_mean::block total;
    size_t done = 0;
    for (const auto& part : filled) {
        tally_stretch({ done, part.begin }, samples, total);
        by_snapshot(part, [](snapshot_tally& tally, stretch within) {
            tally.filled += within.end - within.begin;
        });
        done = part.end;
    }
    tally_stretch({ done, used }, samples, total);

    mean.add(total);
    const auto window = mean.total();
    const double count = static_cast<double>(window.count);
    subtract_i = window.count > 0 ? window.i / count : scale.middle;
    subtract_q = window.count > 0 ? window.q / count : scale.middle;
    const double dc_i = (subtract_i - scale.middle) / scale.full_scale;
    const double dc_q = (subtract_q - scale.middle) / scale.full_scale;
    const auto weigh = [&](snapshot_tally& tally, stretch within) {
        tally.dc_i += dc_i * static_cast<double>(within.end - within.begin);
        tally.dc_q += dc_q * static_cast<double>(within.end - within.begin);
    };
    done = 0;
    for (const auto& part : filled) {
        by_snapshot({ done, part.begin }, weigh);
        done = part.end;
    }
    by_snapshot({ done, used }, weigh);
}

// Eight slots, or fewer at the end of all, and the rows that they complete.
void channelizer_features::impl::take_eight(const unsigned char* samples,
                                            size_t slot,
                                            size_t slots)
{
    take_slots(
        c.format, samples, c.channels, subtract_i, subtract_q, lines.data(), fold.line());
    const uint64_t first_slot = block_start / c.channels + slot;
    const unsigned valid = clean_slots(slot, slots) & whole_rows(first_slot);
    if (valid != 0)
        fold.run(lines.data(), folded.data());
    add_rows(first_slot, valid, slots);
}

// One bit for each slot that completes a row without filled samples.
unsigned channelizer_features::impl::clean_slots(size_t slot, size_t slots)
{
    unsigned valid = 0;
    auto part = filled.begin();
    for (size_t l = 0; l < lanes; l++) {
        const size_t begin = (slot + l) * c.channels;
        while (part != filled.end() && part->end <= begin)
            ++part;
        const bool touched = part != filled.end() && part->begin < begin + c.channels;
        if (touched || l >= slots) {
            // What lies there must not be NaN times zero.
            float* lane = lines.data() + fold.line() - lanes + l;
            for (size_t v = 0; v < 2 * c.channels; v++)
                lane[v * fold.line()] = 0;
            clean_run = 0;
        } else {
            clean_run++;
        }
        valid |= static_cast<unsigned>(clean_run >= depth) << l;
    }
    return valid;
}

// One bit for each slot from `first_slot` on that completes a row within one snapshot:
// what begins in the next one must not show in this one.
unsigned channelizer_features::impl::whole_rows(uint64_t first_slot) const
{
    const uint64_t reach = depth - 1;
    const uint64_t oldest = first_slot > reach ? first_slot - reach : 0;
    const uint64_t end = (first_slot + lanes) * c.channels - 1;
    if (snapshot_of(oldest * c.channels) == snapshot_of(end))
        return (1u << lanes) - 1;
    unsigned whole = 0;
    for (size_t l = 0; l < lanes; l++) {
        const uint64_t row = first_slot + l > reach ? first_slot + l - reach : 0;
        const uint64_t last = (first_slot + l + 1) * c.channels - 1;
        whole |= static_cast<unsigned>(snapshot_of(row * c.channels) == snapshot_of(last))
                 << l;
    }
    return whole;
}

// ---- rows and records ----

// The rows that end with the `slots` slots from `first_slot` on.
void channelizer_features::impl::add_rows(uint64_t first_slot,
                                          unsigned valid,
                                          size_t slots)
{
    const float* rows =
        valid != 0 ? fft.run(folded.data(), spectrum.data()) : folded.data();
    const uint64_t reach = depth - 1;
    bool remembered = false;
    size_t lane = 0;
    while (lane < slots) {
        if (first_slot + lane < reach) { // a row before the first one
            lane++;
            continue;
        }
        const uint64_t row = first_slot + lane - reach;
        const uint64_t next_first = first_row_of(snapshot + 1);
        const size_t end = lane + static_cast<size_t>(
                                      std::min<uint64_t>(slots - lane, next_first - row));
        const bool goes_on = row_before && row > first_row_of(snapshot);
        if (valid == 0xff && lane == 0 && end == lanes && goes_on) {
            sums.add(rows);
            remembered = true;
            counts.rows += lanes;
            counts.products += lanes;
        } else if (valid != 0) {
            float keep[lanes] = {}, keep_product[lanes] = {};
            for (size_t l = lane; l < end; l++) {
                const bool is = valid >> l & 1;
                const bool before = l > lane ? valid >> (l - 1) & 1 : goes_on;
                keep[l] = is;
                keep_product[l] = is && before;
                counts.rows += is;
                counts.products += is && before;
            }
            sums.add_some(rows, keep, keep_product);
        }
        row_before = valid >> (end - 1) & 1;
        if (row + (end - lane) == next_first)
            emit();
        lane = end;
    }
    if (valid != 0 && !remembered)
        sums.remember(rows);
}

void channelizer_features::impl::emit()
{
    sums.collect();
    const auto& tally = tallies.of(snapshot);
    if (!std::isnan(tally.gain_db))
        gain_db = tally.gain_db;
    write_feature_record(sums,
                         counts,
                         tally,
                         c.coherence,
                         clipping_is_known(c.format),
                         gain_db,
                         ready.data() + ready_end * length);
    ready_end++;
    tallies.forget(snapshot);
    sums.clear();
    counts = row_counts();
    snapshot++;
}

// ---- interface ----

channelizer_features::channelizer_features(config settings)
    : d_impl(std::make_unique<impl>(std::move(settings)))
{
}

channelizer_features::~channelizer_features() = default;
channelizer_features::channelizer_features(channelizer_features&&) noexcept = default;
channelizer_features&
channelizer_features::operator=(channelizer_features&&) noexcept = default;

const channelizer_features::config& channelizer_features::settings() const
{
    return d_impl->c;
}

size_t channelizer_features::record_length() const
{
    return d_impl->length;
}

size_t channelizer_features::block_samples() const
{
    return d_impl->block;
}

uint64_t channelizer_features::next_sample() const
{
    return d_impl->next_sample();
}

channelizer_features::progress channelizer_features::process(const void* samples,
                                                             size_t count,
                                                             float* records,
                                                             size_t capacity)
{
    if (count > 0 && !samples)
        throw std::invalid_argument("channelizer_features: no samples were given");
    return d_impl->take(samples, count, records, capacity);
}

channelizer_features::progress
channelizer_features::skip(size_t count, float* records, size_t capacity)
{
    return d_impl->take(nullptr, count, records, capacity);
}

size_t channelizer_features::finish(float* records, size_t capacity)
{
    return d_impl->finish(records, capacity);
}

size_t channelizer_features::records_due() const
{
    return d_impl->ready_end - d_impl->ready_begin;
}

void channelizer_features::add_lost(uint64_t samples)
{
    d_impl->tallies.of(d_impl->snapshot_of(d_impl->next_sample())).lost += samples;
}

void channelizer_features::set_gain(double gain_db)
{
    d_impl->told_gain_db = gain_db;
    d_impl->tallies.of(d_impl->snapshot_of(d_impl->next_sample())).gain_db = gain_db;
}

void channelizer_features::reset()
{
    d_impl->reset();
}

} // namespace kernel
} // namespace sentinel
} // namespace gr
