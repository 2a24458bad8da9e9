# SPDX-License-Identifier: GPL-3.0-or-later
"""Plain NumPy variants of the kernels: the fastest that were found, single precision, one thread."""
