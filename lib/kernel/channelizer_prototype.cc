/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <gnuradio/sentinel/kernel/channelizer_features.h>

#include <cmath>
#include <stdexcept>

namespace gr {
namespace sentinel {
namespace kernel {

std::vector<float> channelizer_prototype(size_t channels, size_t taps_per_channel)
{
    if (channels < 2 || channels > 16384 || channels % 2 != 0)
        throw std::invalid_argument("channelizer_prototype: channels must be an even "
                                    "number, 2..16384, not " +
                                    std::to_string(channels));
    if (taps_per_channel < 1 || taps_per_channel > 64)
        throw std::invalid_argument(
            "channelizer_prototype: taps_per_channel must be 1..64, not " +
            std::to_string(taps_per_channel));
    const size_t length = channels * taps_per_channel;
    std::vector<double> taps(length);
    double energy = 0;
    for (size_t n = 0; n < length; n++) {
        const double hann = std::pow(std::sin(M_PI * (n + 0.5) / length), 2);
        // From the middle of an even number of taps, hence never 0.
        const double turns = (n + 0.5 - length / 2.0) / channels;
        const double sinc = std::sin(M_PI * turns) / (M_PI * turns);
        taps[n] = taps_per_channel == 1 ? hann : hann * sinc;
        energy += taps[n] * taps[n];
    }
    const double scale = 1 / std::sqrt(energy * channels);
    std::vector<float> scaled(length);
    for (size_t n = 0; n < length; n++)
        scaled[n] = static_cast<float>(taps[n] * scale);
    return scaled;
}

} // namespace kernel
} // namespace sentinel
} // namespace gr
