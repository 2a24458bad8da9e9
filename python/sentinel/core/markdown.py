# SPDX-License-Identifier: GPL-3.0-or-later
"""Measured tables in the manual: written by the program that measured them, between two markers."""

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from .errors import InputError
from .files import write_atomic


def markdown_table(header: Sequence[object], rows: Iterable[Sequence[object]]) -> str:
    """Return a Markdown table, its columns padded so that the text reads well as it is.

    Raises
    ------
    ValueError
        A row is longer or shorter than the header.
    """
    lines = [[str(cell).replace("|", "\\|").replace("\n", " ") for cell in row] for row in (header, *rows)]
    for line in lines:
        if len(line) != len(header):
            raise ValueError(f"row of {len(line)} cells under a header of {len(header)}: {line}")
    widths = [max(3, *(len(line[column]) for line in lines)) for column in range(len(header))]
    lines.insert(1, ["-" * width for width in widths])
    return "".join(
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) + " |\n"
        for line in lines
    )


def replace_section(path: str | os.PathLike, name: str, text: str) -> bool:
    """Put `text` between `<!-- begin:NAME -->` and `<!-- end:NAME -->` of a file.

    Returns
    -------
    bool
        Whether the file changed.

    Raises
    ------
    InputError
        The file does not hold exactly one such pair of markers, in this order.
    """
    begin, end = f"<!-- begin:{name} -->", f"<!-- end:{name} -->"
    old = Path(path).read_text(encoding="utf-8")
    first, last = old.find(begin), old.find(end)
    if old.count(begin) != 1 or old.count(end) != 1 or last < first:
        raise InputError(
            f"{path}: section {name} is not marked; it needs one line {begin} and, below it, {end}"
        )
    new = f"{old[: first + len(begin)]}\n{text.strip(chr(10))}\n{old[last:]}"
    if new == old:
        return False
    write_atomic(path, new)
    return True
