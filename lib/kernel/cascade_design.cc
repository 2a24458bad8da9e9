/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <gnuradio/sentinel/kernel/cascade_design.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>
#include <stdexcept>
#include <string>

namespace gr {
namespace sentinel {
namespace kernel {

namespace {

constexpr double cutoff_share = 0.45; // of input rate / factor
constexpr size_t half_lobes = 8;      // taps on each side of the centre, per factor
constexpr size_t largest_decimation = 1000000;

bool better(const std::vector<size_t>& a, const std::vector<size_t>& b)
{
    return a.size() != b.size() ? a.size() < b.size() : a < b;
}

// Best stages of what is left, factors not above `largest`; false if there are none.
bool split(size_t rest, size_t largest, std::vector<size_t>& best)
{
    best.clear();
    if (rest == 1)
        return true;
    bool found = false;
    for (size_t factor = std::min(largest, rest); factor >= 2; factor--) {
        std::vector<size_t> tail;
        if (rest % factor != 0 || !split(rest / factor, factor, tail))
            continue;
        tail.insert(tail.begin(), factor);
        if (!found || better(tail, best))
            best = tail;
        found = true;
    }
    return found;
}

// Only the primes 2, 3, 5 and 7 fit into stages of at most 10.
bool can_be_split(size_t decimation)
{
    for (size_t prime : { 2u, 3u, 5u, 7u })
        while (decimation % prime == 0)
            decimation /= prime;
    return decimation == 1;
}

double stage_gain(const std::vector<double>& taps, double frequency)
{
    // cos(k w) by its recurrence: the response is real once the delay is taken out.
    const size_t centre = taps.size() / 2;
    const double c = std::cos(2 * M_PI * frequency);
    double before = 1.0, now = c, sum = taps[centre];
    for (size_t k = 1; k <= centre; k++) {
        sum += 2 * taps[centre + k] * now;
        const double next = 2 * c * now - before;
        before = now;
        now = next;
    }
    return sum;
}

// The stages with their taps made once.
class response
{
public:
    explicit response(const std::vector<size_t>& factors) : d_factors(factors)
    {
        for (size_t factor : factors)
            d_taps.push_back(cascade_taps(factor));
    }

    double gain(double frequency) const
    {
        double product = 1.0;
        for (size_t i = 0; i < d_taps.size(); i++) {
            product *= stage_gain(d_taps[i], frequency);
            frequency *= static_cast<double>(d_factors[i]);
        }
        return product;
    }

    // Largest gain of what folds onto an output frequency (cycles per output sample).
    // Each stage's own images are looked at: what folds at two stages is weakened by
    // both.
    double alias(double at) const
    {
        const double decimation = std::accumulate(
            d_factors.begin(), d_factors.end(), 1.0, std::multiplies<double>());
        double worst = 0.0, rate_out = decimation;
        for (size_t i = d_factors.size(); i-- > 0;) {
            // Stage i folds at the rate it leaves, 1 / rate_out of the input's.
            const int images = static_cast<int>(d_factors[i]) / 2;
            for (int k = -images; k <= images; k++)
                if (k != 0)
                    worst =
                        std::max(worst, std::abs(gain(at / decimation + k / rate_out)));
            rate_out /= static_cast<double>(d_factors[i]);
        }
        return worst;
    }

private:
    const std::vector<size_t> d_factors;
    std::vector<std::vector<double>> d_taps;
};

// Up to where a condition that holds at 0 goes on to hold, on a grid and then halved.
double last_good(const std::function<bool(double)>& good)
{
    constexpr int grid = 250;
    for (int i = 0; i <= grid; i++) {
        if (good(0.5 * i / grid))
            continue;
        if (i == 0)
            return 0.0;
        double low = 0.5 * (i - 1) / grid, high = 0.5 * i / grid;
        for (int halving = 0; halving < 20; halving++) {
            const double middle = (low + high) / 2;
            (good(middle) ? low : high) = middle;
        }
        return low;
    }
    return 0.5;
}

} // namespace

std::vector<size_t> cascade_factors(size_t decimation)
{
    if (decimation < 1 || decimation > largest_decimation)
        throw std::invalid_argument("decimation " + std::to_string(decimation) +
                                    " must be from 1 to " +
                                    std::to_string(largest_decimation));
    std::vector<size_t> best;
    if (can_be_split(decimation) && split(decimation, cascade_largest_factor, best))
        return best;
    size_t below = decimation - 1, above = decimation + 1;
    while (!can_be_split(below))
        below--;
    while (!can_be_split(above))
        above++;
    throw std::invalid_argument(
        "decimation " + std::to_string(decimation) + " has a prime factor above " +
        std::to_string(cascade_largest_factor) + "; the nearest that can be had are " +
        std::to_string(below) + " and " + std::to_string(above));
}

std::vector<double> cascade_taps(size_t factor)
{
    if (factor < 2 || factor > cascade_largest_factor)
        throw std::invalid_argument("decimator: a stage's factor must be 2 to 10, not " +
                                    std::to_string(factor));
    const int centre = static_cast<int>(half_lobes * factor);
    const double cutoff = cutoff_share / static_cast<double>(factor);
    std::vector<double> taps;
    for (int n = -centre; n <= centre; n++) {
        const double hamming = 0.54 + 0.46 * std::cos(M_PI * n / centre);
        const double angle = 2 * M_PI * cutoff * n;
        taps.push_back(hamming * (n == 0 ? 1.0 : std::sin(angle) / angle));
    }
    const double sum = std::accumulate(taps.begin(), taps.end(), 0.0);
    for (double& tap : taps)
        tap /= sum;
    return taps;
}

uint64_t cascade_delay(const std::vector<size_t>& factors)
{
    uint64_t delay = 0, spacing = 1;
    for (size_t factor : factors) {
        delay += half_lobes * factor * spacing;
        spacing *= factor;
    }
    return delay;
}

double cascade_gain(const std::vector<size_t>& factors, double frequency)
{
    return response(factors).gain(frequency);
}

cascade_band
usable_band(const std::vector<size_t>& factors, double loss_db, double alias_db)
{
    const response filter(factors);
    const double decimation =
        std::accumulate(factors.begin(), factors.end(), 1.0, std::multiplies<double>());
    const double least = std::pow(10.0, -loss_db / 20);
    const double most = std::pow(10.0, alias_db / 20);
    return { last_good([&](double f) {
                 return std::abs(filter.gain(f / decimation)) >= least;
             }),
             last_good([&](double f) { return filter.alias(f) <= most; }) };
}

} // namespace kernel
} // namespace sentinel
} // namespace gr
