/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "vector_loops.h"

#include <gnuradio/sentinel/kernel/complex_filter.h>

#include <algorithm>
#include <stdexcept>

namespace gr {
namespace sentinel {
namespace kernel {

namespace {
constexpr size_t batch = 16;

//! Two vectors of outputs at a time; the arrays reach `batch` beyond what is asked for.
SENTINEL_VECTOR_CLONES
void convolve(const float* re,
              const float* im,
              const float* tap_re,
              const float* tap_im,
              size_t taps,
              gr_complex* out,
              size_t count)
{
    for (size_t first = 0; first < count; first += batch) {
        float8 a_re{}, a_im{}, b_re{}, b_im{};
        for (size_t l = 0; l < taps; l++) {
            float8 x_re, x_im, z_re, z_im;
            load(x_re, re + first + l);
            load(x_im, im + first + l);
            load(z_re, re + first + l + 8);
            load(z_im, im + first + l + 8);
            a_re += x_re * tap_re[l] - x_im * tap_im[l];
            a_im += x_re * tap_im[l] + x_im * tap_re[l];
            b_re += z_re * tap_re[l] - z_im * tap_im[l];
            b_im += z_re * tap_im[l] + z_im * tap_re[l];
        }
        float y_re[batch], y_im[batch];
        store(y_re, a_re);
        store(y_im, a_im);
        store(y_re + 8, b_re);
        store(y_im + 8, b_im);
        const size_t wanted = std::min(batch, count - first);
        for (size_t i = 0; i < wanted; i++)
            out[first + i] = gr_complex(y_re[i], y_im[i]);
    }
}
} // namespace

complex_filter::complex_filter(const std::vector<gr_complex>& taps)
    : d_history(taps.empty() ? 0 : taps.size() - 1),
      d_re(d_history + d_block + batch),
      d_im(d_history + d_block + batch)
{
    if (taps.empty())
        throw std::invalid_argument("a filter needs at least one tap");
    for (auto tap = taps.rbegin(); tap != taps.rend(); ++tap) {
        d_tap_re.push_back(tap->real());
        d_tap_im.push_back(tap->imag());
    }
}

void complex_filter::process(const gr_complex* in, gr_complex* out, size_t count)
{
    while (count > 0) {
        const size_t now = std::min(count, d_block);
        for (size_t i = 0; i < now; i++) {
            d_re[d_history + i] = in[i].real();
            d_im[d_history + i] = in[i].imag();
        }
        convolve(d_re.data(),
                 d_im.data(),
                 d_tap_re.data(),
                 d_tap_im.data(),
                 d_tap_re.size(),
                 out,
                 now);
        std::copy_n(d_re.begin() + now, d_history, d_re.begin());
        std::copy_n(d_im.begin() + now, d_history, d_im.begin());
        in += now;
        out += now;
        count -= now;
    }
}

} // namespace kernel
} // namespace sentinel
} // namespace gr
