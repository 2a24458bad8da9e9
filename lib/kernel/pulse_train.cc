/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <gnuradio/sentinel/kernel/pulse_train.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>

namespace gr {
namespace sentinel {
namespace kernel {

size_t pulse_train_geometry::interval_windows() const
{
    return static_cast<size_t>(std::llround(interval_samples / hop));
}

size_t pulse_train_geometry::cycle_windows() const
{
    // Where the interval was rounded down, K exact intervals are the longer ones: with
    // fewer windows a train could start too late in one cycle and too early for the next.
    const auto exact = static_cast<size_t>(std::ceil(pulses * interval_samples / hop));
    return std::max(pulses * interval_windows(), exact) + 1;
}

size_t pulse_train_geometry::cycle_samples() const
{
    return hop * (cycle_windows() - 1) + window;
}

size_t pulse_train_geometry::pulse_window(unsigned k) const
{
    return static_cast<size_t>(std::llround(k * interval_samples / hop));
}

size_t pulse_train_geometry::starts() const
{
    return std::min(interval_windows(), cycle_windows() - pulse_window(pulses - 1));
}

size_t pulse_train_geometry::row_of(double frequency) const
{
    const long row = std::lround((frequency + 0.5) * rows);
    return static_cast<size_t>(std::clamp(row, 0L, static_cast<long>(rows) - 1));
}

void pulse_train_geometry::validate() const
{
    const auto refuse = [](const std::string& text) {
        throw std::invalid_argument("pulse train: " + text);
    };
    if (window < 4)
        refuse("a pulse needs at least 4 samples, not " + std::to_string(window));
    if (rows < window || rows < 16 || rows % 2 != 0)
        refuse("rows must be even, at least 16 and at least the " +
               std::to_string(window) + " samples of a window, not " +
               std::to_string(rows));
    if (hop < 1 || hop > window)
        refuse("hop must be 1.." + std::to_string(window) + " samples, not " +
               std::to_string(hop));
    if (pulses < 1 || pulses > 64)
        refuse("pulses summed must be 1..64, not " + std::to_string(pulses));
    if (!(interval_samples >= 3.0 * window && interval_samples < 1e9))
        refuse("the interval must be at least three pulse widths (" +
               std::to_string(3 * window) + " samples), not " +
               std::to_string(interval_samples));
    if (!(lowest >= -0.5 && highest <= 0.5 && lowest < highest))
        refuse("frequencies searched must ascend within -0.5..0.5 cycles per sample");
}

} // namespace kernel
} // namespace sentinel
} // namespace gr
