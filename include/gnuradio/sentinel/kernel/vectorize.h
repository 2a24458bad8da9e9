/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*!
 * \file
 * SENTINEL_VECTORIZE marks a hot loop that is worth a second copy for wide vector units.
 * The loader picks the copy at run time, so that one binary serves every machine;
 * elsewhere the plain copy stands alone.
 */
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define SENTINEL_VECTORIZE __attribute__((target_clones("arch=haswell", "default")))
#else
#define SENTINEL_VECTORIZE
#endif
