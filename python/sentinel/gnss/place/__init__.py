# SPDX-License-Identifier: GPL-3.0-or-later
"""How far away, where and on which lane a transmitter is, from levels."""
