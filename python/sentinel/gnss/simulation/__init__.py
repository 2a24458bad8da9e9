# SPDX-License-Identifier: GPL-3.0-or-later
"""Interference, receivers and scenes made from parameters, with their truth."""
