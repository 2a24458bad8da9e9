# SPDX-License-Identifier: GPL-3.0-or-later
"""The gnss room: interference on satellite navigation bands, found, named and described."""
