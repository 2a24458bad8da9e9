/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gnuradio/attributes.h>

#ifdef gnuradio_sentinel_EXPORTS
#define SENTINEL_API __GR_ATTR_EXPORT
#else
#define SENTINEL_API __GR_ATTR_IMPORT
#endif
