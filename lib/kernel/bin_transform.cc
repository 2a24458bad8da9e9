/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bin_transform.h"

#include "vector_loops.h"

#include <gnuradio/fft/fft.h>
#include <gnuradio/sentinel/kernel/turns.h>

#include <algorithm>

namespace gr {
namespace sentinel {
namespace kernel {

namespace {

class fft_transform : public bin_transform
{
public:
    fft_transform(size_t fft_size, size_t length, const std::vector<size_t>& bins)
        : d_fft_size(fft_size),
          d_length(length),
          d_bins(bins),
          d_fft(static_cast<int>(fft_size))
    {
    }

    void run(const gr_complex* folded, size_t start, gr_complex* out) override
    {
        gr_complex* in = d_fft.get_inbuf();
        const size_t head = std::min(d_length, d_fft_size - start);
        if (d_length < d_fft_size)
            std::fill(in, in + d_fft_size, gr_complex(0));
        std::copy(folded, folded + head, in + start);
        std::copy(folded + head, folded + d_length, in);
        d_fft.execute();
        const gr_complex* spectrum = d_fft.get_outbuf();
        for (size_t bin : d_bins)
            *out++ = spectrum[bin];
    }

    void set_bin(size_t channel, size_t bin) override { d_bins[channel] = bin; }

private:
    const size_t d_fft_size, d_length;
    std::vector<size_t> d_bins;
    gr::fft::fft_complex_fwd d_fft;
};

// sum u[i] w[i] with each part of w stored twice: two sums of products, no shuffling.
SENTINEL_VECTOR_CLONES
void dot(const float* u, const float* re, const float* im, size_t count, float* result)
{
    float8 by_re[2] = {}, by_im[2] = {};
    size_t i = 0;
    for (; i + 16 <= count; i += 16)
        for (size_t j = 0; j < 2; j++) {
            float8 x, a, b;
            load(x, u + i + 8 * j);
            load(a, re + i + 8 * j);
            load(b, im + i + 8 * j);
            by_re[j] += x * a;
            by_im[j] += x * b;
        }
    by_re[0] += by_re[1];
    by_im[0] += by_im[1];
    float a[2] = {}, b[2] = {};
    for (; i < count; i++) {
        a[i & 1] += u[i] * re[i];
        b[i & 1] += u[i] * im[i];
    }
    for (size_t k = 0; k < 8; k++) {
        a[k & 1] += by_re[0][k];
        b[k & 1] += by_im[0][k];
    }
    result[0] = a[0] - b[1];
    result[1] = a[1] + b[0];
}

class direct_transform : public bin_transform
{
public:
    direct_transform(size_t fft_size, size_t length, const std::vector<size_t>& bins)
        : d_fft_size(fft_size),
          d_length(length),
          d_bins(bins.size()),
          d_roots(fft_size),
          d_re(2 * length * bins.size()),
          d_im(2 * length * bins.size())
    {
        for (size_t i = 0; i < fft_size; i++)
            d_roots[i] = gr_complex(unwind(turns_of_fraction(i, fft_size)));
        for (size_t c = 0; c < bins.size(); c++)
            set_bin(c, bins[c]);
    }

    void run(const gr_complex* folded, size_t start, gr_complex* out) override
    {
        const float* u = reinterpret_cast<const float*>(folded);
        const size_t count = 2 * d_length;
        for (size_t c = 0; c < d_bins.size(); c++) {
            float sum[2];
            dot(u, &d_re[c * count], &d_im[c * count], count, sum);
            const gr_complex root = d_roots[start * d_bins[c] % d_fft_size];
            out[c] = gr_complex(sum[0] * root.real() - sum[1] * root.imag(),
                                sum[0] * root.imag() + sum[1] * root.real());
        }
    }

    void set_bin(size_t channel, size_t bin) override
    {
        d_bins[channel] = bin;
        float* re = &d_re[2 * d_length * channel];
        float* im = &d_im[2 * d_length * channel];
        for (size_t r = 0; r < d_length; r++) {
            const gr_complex root = d_roots[bin * r % d_fft_size];
            re[2 * r] = re[2 * r + 1] = root.real();
            im[2 * r] = im[2 * r + 1] = root.imag();
        }
    }

private:
    const size_t d_fft_size, d_length;
    std::vector<size_t> d_bins;
    std::vector<gr_complex> d_roots;
    std::vector<float> d_re, d_im;
};

} // namespace

std::unique_ptr<bin_transform>
make_fft_transform(size_t fft_size, size_t length, const std::vector<size_t>& bins)
{
    return std::make_unique<fft_transform>(fft_size, length, bins);
}

std::unique_ptr<bin_transform>
make_direct_transform(size_t fft_size, size_t length, const std::vector<size_t>& bins)
{
    return std::make_unique<direct_transform>(fft_size, length, bins);
}

} // namespace kernel
} // namespace sentinel
} // namespace gr
