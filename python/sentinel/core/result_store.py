# SPDX-License-Identifier: GPL-3.0-or-later
"""Results of seeded cells as JSON lines: one file, several workers, more trials add up.

Locks are POSIX byte-range locks on the file itself. Byte 0 guards appending; a cell being computed is
claimed by one byte far beyond any content, so that a worker that dies gives its claims back by itself.
"""

import fcntl
import json
import logging
import math
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .canonical import Scalar, canonical_json, digest, plain_scalars

_log = logging.getLogger("gnuradio.sentinel.core.result_store")

SCHEMA = 1
_CLAIMS = 1 << 40


@dataclass(frozen=True)
class Cell:
    """One seeded measurement of a table.

    Parameters
    ----------
    key : mapping of str to scalar
        Place in the grid, e.g. `{"method": "round", "e_n0_db": 8.5}`.
    trials : int
    seed : int
        Not negative. Trials of different seeds are independent and add up.
    """

    key: Mapping[str, Scalar]
    trials: int
    seed: int

    def __post_init__(self) -> None:
        object.__setattr__(self, "key", plain_scalars(self.key))
        for name, least in (("trials", 1), ("seed", 0)):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or value < least:
                raise ValueError(f"{name} of a cell is {value!r}; it must be a whole number from {least} on")

    @property
    def key_text(self) -> str:
        """Canonical text of the key: equal for equal places."""
        return canonical_json(dict(self.key))


def _check_result(result: Any) -> dict[str, Any]:
    """Return a result if it can be added up: named finite numbers, or lists of them."""
    if not isinstance(result, Mapping):
        raise ValueError(f"a cell's result must be named numbers, not {type(result).__name__}")
    plain: dict[str, Any] = {}
    for name, value in result.items():
        items = [
            item.item() if hasattr(item, "item") else item
            for item in (value if isinstance(value, (list, tuple)) else [value])
        ]
        for item in items:
            if not isinstance(item, (bool, int, float)) or not math.isfinite(item):
                raise ValueError(f"result {name} of a cell is {item!r}; it must be a finite number")
        plain[str(name)] = items if isinstance(value, (list, tuple)) else items[0]
    if "trials" in plain:
        raise ValueError("a cell's result must not be named trials; the store adds them up itself")
    return plain


class ResultStore:
    """The results of one kernel version and one model, in a file that may hold others as well.

    Parameters
    ----------
    path : path
        A `.jsonl` file; made when first written to.
    kernel_version : str
    model : str
        Hash of the model or calibration that decided; empty if none.
    """

    def __init__(self, path: str | os.PathLike, kernel_version: str, model: str = ""):
        self.path = Path(path)
        self.kernel_version = kernel_version
        self.model = model
        # One descriptor for the store's life: closing any other one of this file would end its locks.
        self._file: int | None = None

    def __enter__(self) -> "ResultStore":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file and give up all claims."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _open(self) -> int:
        if self._file is None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
            self._file = os.open(self.path, flags, 0o666)
        return self._file

    def _read(self) -> bytes:
        if self._file is None:
            return self.path.read_bytes() if self.path.exists() else b""
        parts, place = [], 0
        while part := os.pread(self._file, 1 << 20, place):
            parts.append(part)
            place += len(part)
        return b"".join(parts)

    def _entries(self) -> dict[str, dict[int, dict[str, Any]]]:
        """Return this version's lines by key text and seed; of one seed the line of most trials counts."""
        entries: dict[str, dict[int, dict[str, Any]]] = {}
        damaged = 0
        for line in self._read().splitlines():
            try:
                entry = json.loads(line)
                if not isinstance(entry, dict):
                    raise ValueError("not an object")
                if (entry["schema"], entry["kernel_version"], entry["model"]) != (
                    SCHEMA,
                    self.kernel_version,
                    self.model,
                ):
                    continue
                cell = Cell(entry["cell"], entry["trials"], entry["seed"])
                entry["result"] = _check_result(entry["result"])
            except (ValueError, KeyError, TypeError, AttributeError):
                damaged += bool(line.strip())
                continue
            seeds = entries.setdefault(cell.key_text, {})
            if cell.seed not in seeds or seeds[cell.seed]["trials"] < cell.trials:
                seeds[cell.seed] = entry
        if damaged:
            _log.warning(
                "%s: %d damaged lines are ignored; their cells are computed again", self.path, damaged
            )
        return entries

    def pending(self, cells: list[Cell]) -> list[Cell]:
        """Return the cells that are not done, in their order, each once."""
        entries = self._entries()
        wanted: dict[tuple[str, int], Cell] = {}
        for cell in cells:
            done = entries.get(cell.key_text, {}).get(cell.seed)
            if done is None or done["trials"] < cell.trials:
                wanted.setdefault((cell.key_text, cell.seed), cell)
        return list(wanted.values())

    def total(self, key: Mapping[str, Scalar]) -> dict[str, Any]:
        """Return the sums over all distinct seeds of one place, lists joined, and `trials`.

        A place without results has `{"trials": 0}`.
        """
        return self._total(self._entries().get(canonical_json(plain_scalars(key)), {}))

    def totals(self) -> list[tuple[dict[str, Scalar], dict[str, Any]]]:
        """Return key and sums of every place that has results, in the order of the file."""
        return [(json.loads(text), self._total(seeds)) for text, seeds in self._entries().items()]

    @staticmethod
    def _total(seeds: dict[int, dict[str, Any]]) -> dict[str, Any]:
        total: dict[str, Any] = {"trials": 0}
        # By seed, so that two workers' order of writing does not change a joined list.
        for _, entry in sorted(seeds.items()):
            total["trials"] += entry["trials"]
            for name, value in entry["result"].items():
                total[name] = total[name] + value if name in total else value
        return total

    @contextmanager
    def claim(self, cell: Cell) -> Iterator[bool]:
        """Claim a cell for computing it; gives False if another process has it."""
        file = self._open()
        place = _CLAIMS + int(digest([cell.key_text, cell.seed, self.kernel_version, self.model])[:12], 16)
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, place)
        except OSError:
            yield False
            return
        try:
            yield True
        finally:
            fcntl.lockf(file, fcntl.LOCK_UN, 1, place)

    def append(self, cell: Cell, result: Mapping[str, Any], seconds: float = 0.0) -> None:
        """Append the result of a cell as one line.

        Raises
        ------
        ValueError
            The result is not made of finite numbers and lists of them.
        """
        entry = {
            "schema": SCHEMA,
            "cell": dict(cell.key),
            "trials": cell.trials,
            "seed": cell.seed,
            "kernel_version": self.kernel_version,
            "model": self.model,
            "seconds": round(seconds, 3),
            "result": _check_result(result),
        }
        line = canonical_json(entry).encode("ascii") + b"\n"
        file = self._open()
        fcntl.lockf(file, fcntl.LOCK_EX, 1, 0)
        try:
            size = os.fstat(file).st_size
            if size and os.pread(file, 1, size - 1) != b"\n":
                line = b"\n" + line  # a killed worker left half a line
            while line:
                line = line[os.write(file, line) :]
        finally:
            fcntl.lockf(file, fcntl.LOCK_UN, 1, 0)
