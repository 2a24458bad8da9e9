# SPDX-License-Identifier: GPL-3.0-or-later
"""Entry of the `sentinel` command."""


def main() -> int:
    return 0
