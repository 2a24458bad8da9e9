# SPDX-License-Identifier: GPL-3.0-or-later
"""The measured tables of the gnss room."""
