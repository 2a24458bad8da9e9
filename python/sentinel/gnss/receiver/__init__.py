# SPDX-License-Identifier: GPL-3.0-or-later
"""What a satellite receiver tells, through gpsd, and what interference does to it."""
