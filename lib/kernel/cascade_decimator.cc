/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <gnuradio/sentinel/kernel/cascade_decimator.h>

#include "fir_stage.h"
#include "mixer.h"

#include <gnuradio/sentinel/kernel/cascade_design.h>
#include <gnuradio/sentinel/kernel/turns.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>

namespace gr {
namespace sentinel {
namespace kernel {

namespace {
// Samples taken through all stages at a time: they stay in the first-level cache.
constexpr size_t block = 2048;
} // namespace

struct cascade_decimator::impl {
    explicit impl(size_t ratio)
        : decimation(ratio),
          factors(cascade_factors(ratio)),
          delay(cascade_delay(factors))
    {
        for (size_t factor : factors)
            stages.emplace_back(factor, cascade_taps(factor), block);
    }

    // Outputs whose window ends at or before this many samples.
    uint64_t due(uint64_t samples) const
    {
        return samples <= delay ? 0 : (samples - delay - 1) / decimation + 1;
    }
    uint64_t outputs_of(uint64_t samples) const
    {
        return (samples + decimation - 1) / decimation;
    }
    // Samples that may be taken until output number `outputs` would follow.
    uint64_t room_for(uint64_t outputs) const { return outputs * decimation + delay; }

    size_t run(const gr_complex* in, size_t samples, gr_complex* out);
    void prime();

    const size_t decimation;
    const std::vector<size_t> factors;
    const uint64_t delay;
    mixer oscillator;
    std::vector<fir_stage> stages;
    uint64_t first = 0;   //!< index of the segment's first sample for the oscillator
    uint64_t taken = 0;   //!< samples of the segment, and zeros behind it
    uint64_t written = 0; //!< outputs
    uint64_t samples = 0; //!< without those zeros
    bool flushing = false;
};

// At most one block through all stages; zeros where `in` is null.
size_t cascade_decimator::impl::run(const gr_complex* in, size_t count, gr_complex* out)
{
    if (stages.empty()) {
        oscillator.run(first + taken, in, count, out);
        return count;
    }
    oscillator.run(first + taken, in, count, stages[0].reserve(count));
    stages[0].commit(count);
    for (size_t i = 0; i + 1 < stages.size(); i++) {
        fir_stage& next = stages[i + 1];
        next.commit(stages[i].run(next.reserve(stages[i].ready())));
    }
    return stages.back().run(out);
}

// The zeros before the first sample: output 0 is then centred on it.
void cascade_decimator::impl::prime()
{
    for (uint64_t done = 0; done < delay;) {
        const size_t part = std::min<uint64_t>(block, delay - done);
        run(nullptr, part, nullptr);
        done += part;
    }
}

cascade_decimator::cascade_decimator(double sample_rate,
                                     size_t decimation,
                                     double shift_hz)
    : d_impl(std::make_unique<impl>(decimation))
{
    tune(shift_hz, sample_rate);
    reset();
}

cascade_decimator::~cascade_decimator() = default;
cascade_decimator::cascade_decimator(cascade_decimator&&) noexcept = default;
cascade_decimator& cascade_decimator::operator=(cascade_decimator&&) noexcept = default;

const std::vector<size_t>& cascade_decimator::factors() const
{
    return d_impl->factors;
}
size_t cascade_decimator::decimation() const
{
    return d_impl->decimation;
}
size_t cascade_decimator::outputs_after(size_t samples) const
{
    return d_impl->due(d_impl->taken + samples) - d_impl->written;
}
size_t cascade_decimator::outputs_at_end() const
{
    return d_impl->outputs_of(d_impl->samples) - d_impl->written;
}

cascade_decimator::progress cascade_decimator::process(const gr_complex* in,
                                                       size_t samples,
                                                       gr_complex* out,
                                                       size_t capacity)
{
    impl& my = *d_impl;
    if (my.flushing)
        throw std::logic_error("decimator: process() after flush() needs a reset()");
    const size_t wanted =
        std::min<uint64_t>(samples, my.room_for(my.written + capacity) - my.taken);
    progress total{ 0, 0 };
    while (total.consumed < wanted) {
        const size_t part = std::min(block, wanted - total.consumed);
        const size_t produced = my.run(in + total.consumed, part, out + total.produced);
        my.taken += part;
        my.samples += part;
        my.written += produced;
        total.consumed += part;
        total.produced += produced;
    }
    return total;
}

size_t cascade_decimator::flush(gr_complex* out, size_t capacity)
{
    impl& my = *d_impl;
    my.flushing = true;
    const uint64_t last =
        std::min<uint64_t>(my.outputs_of(my.samples), my.written + capacity);
    size_t produced = 0;
    while (my.written < last) {
        // Up to and with the sample that brings output number `last` - 1.
        const uint64_t missing = my.room_for(last - 1) + 1 - my.taken;
        const size_t part = std::min<uint64_t>(block, missing);
        const size_t now = my.run(nullptr, part, out + produced);
        my.taken += part;
        my.written += now;
        produced += now;
    }
    return produced;
}

void cascade_decimator::reset(uint64_t first_index)
{
    impl& my = *d_impl;
    my.first = first_index;
    my.taken = my.written = my.samples = 0;
    my.flushing = false;
    for (fir_stage& stage : my.stages)
        stage.reset();
    my.prime();
}

void cascade_decimator::tune(double shift_hz, double sample_rate)
{
    if (!(std::isfinite(sample_rate) && sample_rate > 0))
        throw std::invalid_argument("decimator: sample_rate must be above 0 Hz");
    if (!(std::abs(shift_hz) <= sample_rate / 2))
        throw std::invalid_argument(
            "decimator: shift " + std::to_string(shift_hz) + " Hz lies outside +-" +
            std::to_string(sample_rate / 2) + " Hz, half the sample rate");
    d_impl->oscillator.set_step(turns_per_step(shift_hz, 1.0, sample_rate));
}

} // namespace kernel
} // namespace sentinel
} // namespace gr
