/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <gnuradio/sentinel/kernel/channelizer.h>

#include "bin_transform.h"
#include "nco_bank.h"
#include "sample_window.h"
#include "weighted_fold.h"

#include <gnuradio/sentinel/kernel/turns.h>

#include <cmath>
#include <stdexcept>
#include <string>

namespace gr {
namespace sentinel {
namespace kernel {

namespace {

void require(bool good, const std::string& what)
{
    if (!good)
        throw std::invalid_argument("channelizer: " + what);
}

void validate_tuning(const channelizer::tuning& tuning, size_t fft_size)
{
    require(tuning.bin < fft_size,
            "bin " + std::to_string(tuning.bin) + " is not below fft_size " +
                std::to_string(fft_size));
    require(std::isfinite(tuning.residual_hz), "residual_hz must be finite");
}

channelizer::config validated(channelizer::config c)
{
    require(std::isfinite(c.sample_rate) && c.sample_rate > 0,
            "sample_rate must be above 0 Hz");
    require(c.decimation >= 1, "decimation must be at least 1");
    require(c.fft_size >= c.decimation && c.fft_size <= (1u << 24),
            "fft_size " + std::to_string(c.fft_size) +
                " must lie between the decimation, " + std::to_string(c.decimation) +
                ", and 2^24");
    require(!c.channels.empty(), "at least one channel is needed");
    require(!c.taps.empty() || c.decimation == 1,
            "taps may be left out only with decimation 1, where nothing is filtered");
    for (float tap : c.taps)
        require(std::isfinite(tap), "taps must be finite");
    for (const auto& tuning : c.channels)
        validate_tuning(tuning, c.fft_size);
    const int64_t length = std::max<int64_t>(1, c.taps.size());
    if (c.delay < 0)
        c.delay = (length - 1) / 2;
    require(c.delay < length, "delay must be below the number of taps");
    return c;
}

std::vector<size_t> bins_of(const std::vector<channelizer::tuning>& channels)
{
    std::vector<size_t> bins;
    for (const auto& tuning : channels)
        bins.push_back(tuning.bin);
    return bins;
}

// Measured break-even for M from 64 to 3200 with FFTW and AVX2: 5 to 7 channels.
bool fft_is_cheaper(const channelizer::config& c)
{
    return c.channels.size() > 0.65 * std::log2(static_cast<double>(c.fft_size));
}

} // namespace

struct channelizer::impl {
    explicit impl(config settings);
    size_t due(int64_t end) const;
    size_t produce(gr_complex* out, size_t capacity);
    void filter(gr_complex* out, size_t windows);
    void set_nco(size_t channel, const tuning& to);
    int64_t window_start() const { return next * hop + delay - length + 1; }

    const double sample_rate;
    const int64_t hop, fft_size, length, delay;
    const int64_t lookahead; //!< samples past its centre that an output waits for
    const bool filters;      //!< false: shift only
    const size_t count;
    const bool by_fft;
    weighted_fold fold;
    std::unique_ptr<bin_transform> transform;
    nco_bank nco;
    sample_window window;
    std::vector<gr_complex> folded;
    int64_t next = 0;  //!< next output
    int64_t last = -1; //!< one past the last output, once known
};

channelizer::impl::impl(config c)
    : sample_rate(c.sample_rate),
      hop(c.decimation),
      fft_size(c.fft_size),
      length(std::max<size_t>(1, c.taps.size())),
      delay(c.delay),
      lookahead(std::max(delay, hop)),
      filters(!c.taps.empty()),
      count(c.channels.size()),
      by_fft(c.how == method::fft || (c.how == method::automatic && fft_is_cheaper(c))),
      fold(c.taps, c.fft_size),
      nco(count),
      // Long enough that moving what is kept to the front is rare, and one batch fits.
      window(4 * length + 2 * lookahead + weighted_fold::batch * hop + 4096),
      folded(weighted_fold::batch * fold.stride())
{
    if (filters)
        transform = (by_fft ? make_fft_transform : make_direct_transform)(
            c.fft_size, fold.length(), bins_of(c.channels));
    for (size_t i = 0; i < count; i++)
        set_nco(i, c.channels[i]);
}

void channelizer::impl::set_nco(size_t channel, const tuning& to)
{
    uint64_t step = turns_per_step(to.residual_hz, hop, sample_rate);
    if (!filters) // no transform mixes the bin down
        step += turns_of_fraction(to.bin, fft_size);
    nco.set_step(channel, step);
}

// Outputs that may be written when the input's end is known to lie at `end` or later.
size_t channelizer::impl::due(int64_t end) const
{
    if (last >= 0)
        return last - next;
    const int64_t ready = end - lookahead; // outputs centred before this position
    const int64_t bound = ready > 0 ? (ready + hop - 1) / hop : 0;
    return std::max<int64_t>(0, bound - next);
}

void channelizer::impl::filter(gr_complex* out, size_t windows)
{
    const int64_t start = window_start();
    if (windows == weighted_fold::batch)
        fold.four(window.at(start), hop, folded.data());
    else
        fold.one(window.at(start), folded.data());
    for (size_t i = 0; i < windows; i++) {
        const int64_t phase = (start + static_cast<int64_t>(i) * hop) % fft_size;
        transform->run(folded.data() + i * fold.stride(),
                       phase < 0 ? phase + fft_size : phase,
                       out + i * count);
    }
}

// Writes what the samples at hand allow.
size_t channelizer::impl::produce(gr_complex* out, size_t capacity)
{
    const int64_t complete =
        window.end() - (window_start() + length); // past the next window
    size_t wanted = std::min(due(window.end()), capacity);
    wanted = complete < 0 ? 0 : std::min<size_t>(wanted, complete / hop + 1);
    for (size_t done = 0; done < wanted;) {
        const size_t windows =
            filters && wanted - done >= weighted_fold::batch ? weighted_fold::batch : 1;
        gr_complex* to = out + done * count;
        if (filters)
            filter(to, windows);
        else
            std::fill(to, to + count, *window.at(next));
        if (!nco.idle())
            for (size_t i = 0; i < windows; i++)
                nco.turn_back(next + i, to + i * count);
        next += windows;
        done += windows;
    }
    return wanted;
}

channelizer::channelizer(config settings)
    : d_impl(std::make_unique<impl>(validated(std::move(settings))))
{
    reset();
}

channelizer::~channelizer() = default;
channelizer::channelizer(channelizer&&) noexcept = default;
channelizer& channelizer::operator=(channelizer&&) noexcept = default;

size_t channelizer::count() const
{
    return d_impl->count;
}
bool channelizer::uses_fft() const
{
    return d_impl->by_fft && d_impl->filters;
}
uint64_t channelizer::next_output() const
{
    return d_impl->next;
}

size_t channelizer::outputs_after(size_t samples) const
{
    return d_impl->due(d_impl->window.end() + static_cast<int64_t>(samples));
}

size_t channelizer::outputs_at_end() const
{
    if (d_impl->last >= 0)
        return d_impl->last - d_impl->next;
    return (d_impl->window.end() + d_impl->hop - 1) / d_impl->hop - d_impl->next;
}

channelizer::progress channelizer::process(const gr_complex* in,
                                           size_t samples,
                                           gr_complex* out,
                                           size_t capacity)
{
    if (d_impl->last >= 0)
        throw std::logic_error("channelizer: process() after flush() needs a reset()");
    progress total{ 0, 0 };
    while (true) {
        total.produced += d_impl->produce(out + total.produced * d_impl->count,
                                          capacity - total.produced);
        if (total.produced == capacity || total.consumed == samples)
            return total;
        total.consumed += d_impl->window.append(
            in + total.consumed, samples - total.consumed, d_impl->window_start());
    }
}

size_t channelizer::flush(gr_complex* out, size_t capacity)
{
    if (d_impl->last < 0)
        d_impl->last = d_impl->next + outputs_at_end();
    size_t produced = 0;
    while (true) {
        produced += d_impl->produce(out + produced * d_impl->count, capacity - produced);
        if (produced == capacity || d_impl->next == d_impl->last)
            return produced;
        d_impl->window.append(
            nullptr, d_impl->length + d_impl->hop, d_impl->window_start());
    }
}

void channelizer::reset(uint64_t first_output)
{
    d_impl->next = first_output;
    d_impl->last = -1;
    d_impl->window.reset(d_impl->next * d_impl->hop, d_impl->length - 1 - d_impl->delay);
}

void channelizer::retune(size_t channel, tuning to)
{
    require(channel < d_impl->count,
            "channel " + std::to_string(channel) +
                " is not below the number of channels, " + std::to_string(d_impl->count));
    validate_tuning(to, d_impl->fft_size);
    if (d_impl->filters)
        d_impl->transform->set_bin(channel, to.bin);
    d_impl->set_nco(channel, to);
}

channelizer::tuning
channelizer::tune(double frequency_hz, double sample_rate, size_t fft_size)
{
    require(std::isfinite(sample_rate) && sample_rate > 0,
            "sample_rate must be above 0 Hz");
    require(fft_size >= 1, "fft_size must be at least 1");
    require(std::abs(frequency_hz) <= sample_rate / 2,
            "frequency " + std::to_string(frequency_hz) + " Hz lies outside +-" +
                std::to_string(sample_rate / 2) + " Hz, half the sample rate");
    const double size = static_cast<double>(fft_size);
    const double bin = std::nearbyint(frequency_hz / sample_rate * size);
    // frequency M - bin rate with both rounding errors: the residual sets a phase for
    // hours.
    const double wanted = frequency_hz * size, got = bin * sample_rate;
    const double errors =
        std::fma(frequency_hz, size, -wanted) - std::fma(bin, sample_rate, -got);
    const int64_t index = static_cast<int64_t>(bin);
    return { static_cast<size_t>(index < 0 ? index + static_cast<int64_t>(fft_size)
                                           : index),
             (wanted - got + errors) / size };
}

std::vector<channelizer::tuning> channelizer::all_bins(size_t fft_size)
{
    std::vector<tuning> tunings;
    for (size_t bin = 0; bin < fft_size; bin++)
        tunings.push_back({ bin, 0.0 });
    return tunings;
}

} // namespace kernel
} // namespace sentinel
} // namespace gr
