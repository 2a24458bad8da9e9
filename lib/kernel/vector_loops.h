/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <cstddef>
#include <cstring>

/*
 * Hot loops are compiled twice and the machine's own variant is chosen when the library
 * loads, so that one binary runs on every x86-64 and still uses AVX2 and FMA where they
 * are.
 */
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define SENTINEL_VECTOR_CLONES __attribute__((target_clones("arch=x86-64-v3", "default")))
#else
#define SENTINEL_VECTOR_CLONES
#endif
#define SENTINEL_INLINE inline __attribute__((always_inline))

namespace gr {
namespace sentinel {
namespace kernel {

//! Eight floats; the compiler splits them where registers are narrower.
typedef float float8 __attribute__((vector_size(32)));
//! What a comparison of float8 gives, -1 where true; and counts of it.
typedef int int8 __attribute__((vector_size(32)));

// References, because passing vectors by value has an ABI of its own per instruction set.
SENTINEL_INLINE void load(float8& to, const float* from)
{
    std::memcpy(&to, from, sizeof(to));
}
SENTINEL_INLINE void store(float* to, const float8& from)
{
    std::memcpy(to, &from, sizeof(from));
}

} // namespace kernel
} // namespace sentinel
} // namespace gr
