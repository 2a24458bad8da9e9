# SPDX-License-Identifier: GPL-3.0-or-later
"""Intervals of no known class: grouped, named by people, kept for training."""
