/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "nco_bank.h"

#include "vector_loops.h"

#include <gnuradio/sentinel/kernel/turns.h>

namespace gr {
namespace sentinel {
namespace kernel {

namespace {
// Interleaved parts written out: std::complex's operator checks for NaN and does not
// vectorise.
SENTINEL_VECTOR_CLONES
void multiply_both(const float* __restrict__ base,
                   const float* __restrict__ fine,
                   float* __restrict__ values,
                   size_t count)
{
    for (size_t c = 0; c < 2 * count; c += 2) {
        const float re = base[c] * fine[c] - base[c + 1] * fine[c + 1];
        const float im = base[c] * fine[c + 1] + base[c + 1] * fine[c];
        const float value_re = values[c], value_im = values[c + 1];
        values[c] = value_re * re - value_im * im;
        values[c + 1] = value_re * im + value_im * re;
    }
}
} // namespace

nco_bank::nco_bank(size_t count)
    : d_steps(count, 0), d_base(count, 1.0f), d_table(d_length * count, 1.0f)
{
}

void nco_bank::set_step(size_t c, uint64_t step)
{
    d_turning += (step != 0);
    d_turning -= (d_steps[c] != 0);
    d_steps[c] = step;
    for (uint64_t i = 0; i < d_length; i++)
        d_table[i * d_steps.size() + c] = gr_complex(unwind(i * step));
    d_block_valid = false;
}

void nco_bank::start_block(uint64_t block)
{
    for (size_t c = 0; c < d_steps.size(); c++)
        d_base[c] = gr_complex(unwind(block * d_length * d_steps[c]));
    d_block = block;
    d_block_valid = true;
}

void nco_bank::turn_back(uint64_t n, gr_complex* values)
{
    const uint64_t block = n / d_length;
    if (!d_block_valid || block != d_block)
        start_block(block);
    multiply_both(reinterpret_cast<const float*>(d_base.data()),
                  reinterpret_cast<const float*>(&d_table[n % d_length * d_steps.size()]),
                  reinterpret_cast<float*>(values),
                  d_steps.size());
}

} // namespace kernel
} // namespace sentinel
} // namespace gr
