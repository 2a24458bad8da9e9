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

SENTINEL_VECTOR_CLONES
void split(const float* in, size_t count, float* re, float* im)
{
    for (size_t i = 0; i < count; i++) {
        re[i] = in[2 * i];
        im[i] = in[2 * i + 1];
    }
}

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
            // Statement by statement, so that each is one fused multiply-add.
            a_re += x_re * tap_re[l];
            a_im += x_re * tap_im[l];
            b_re += z_re * tap_re[l];
            b_im += z_re * tap_im[l];
            a_re -= x_im * tap_im[l];
            a_im += x_im * tap_re[l];
            b_re -= z_im * tap_im[l];
            b_im += z_im * tap_re[l];
        }
        float re_out[batch], im_out[batch], y[2 * batch];
        store(re_out, a_re);
        store(im_out, a_im);
        store(re_out + 8, b_re);
        store(im_out + 8, b_im);
        for (size_t i = 0; i < batch; i++) {
            y[2 * i] = re_out[i];
            y[2 * i + 1] = im_out[i];
        }
        // A copy of a length known beforehand is some stores, one of any length a loop.
        if (count - first >= batch)
            std::memcpy(static_cast<void*>(out + first), y, sizeof(y));
        else
            std::memcpy(
                static_cast<void*>(out + first), y, (count - first) * sizeof(*out));
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
        split(reinterpret_cast<const float*>(in),
              now,
              d_re.data() + d_history,
              d_im.data() + d_history);
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
