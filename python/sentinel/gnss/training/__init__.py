# SPDX-License-Identifier: GPL-3.0-or-later
"""Models of the gnss room made from simulated sessions; needs the packages of requirements-train.txt."""
