# SPDX-License-Identifier: GPL-3.0-or-later
"""The level of the radio: held by commands, and in absolute terms."""
