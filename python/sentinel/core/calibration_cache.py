# SPDX-License-Identifier: GPL-3.0-or-later
"""Calibrations kept on disk, so that a geometry is calibrated once per machine.

The folder is `$SENTINEL_CACHE_DIR`, else `gr-sentinel/calibration` under `$XDG_CACHE_HOME` or `~/.cache`.
Each file is named by the digest of its complete key and checked against it when read: whatever is wrong
with a file, the worst that happens is that it is made again.
"""

import contextlib
import json
import logging
import os
import time
from collections.abc import Callable
from pathlib import Path

from .calibration import Calibration, CalibrationKey
from .files import TEMPORARY_PREFIX, write_atomic

_log = logging.getLogger("gnuradio.sentinel.core.calibration_cache")

MAX_FILES = 256
# A calibration is about 10 kB; anything this large is not ours and is not parsed.
MAX_BYTES = 1_000_000
STALE_TEMPORARY_S = 3600.0


def cache_folder() -> Path | None:
    """Return the folder the environment names, or None where there is no home to put it in."""
    override = os.environ.get("SENTINEL_CACHE_DIR")
    if override:
        return Path(override)
    base = os.environ.get("XDG_CACHE_HOME", "")
    if os.path.isabs(base):  # the XDG standard says to ignore a relative one
        return Path(base) / "gr-sentinel" / "calibration"
    with contextlib.suppress(RuntimeError):
        return Path.home() / ".cache" / "gr-sentinel" / "calibration"
    return None


class CalibrationCache:
    """A bounded folder of calibrations; safe for several processes.

    Parameters
    ----------
    folder : path, optional
        Made when first written to; `cache_folder()` if left out.
    max_files : int
        Beyond these the files written longest ago are removed.
    """

    def __init__(self, folder: str | os.PathLike | None = None, max_files: int = MAX_FILES):
        if max_files < 1:
            raise ValueError(f"max_files is {max_files}; the cache must hold at least one file")
        self.folder = Path(folder) if folder is not None else cache_folder()
        self.max_files = max_files
        self._writable = True

    def path(self, key: CalibrationKey) -> Path | None:
        """Return the file of this key, or None without a folder."""
        return None if self.folder is None else self.folder / f"{key.digest()}.json"

    def load(self, key: CalibrationKey) -> Calibration | None:
        """Return the stored calibration, or None if there is none or it is damaged (which is logged)."""
        path = self.path(key)
        if path is None:
            return None
        try:
            with open(path, "rb") as stream:
                data = stream.read(MAX_BYTES + 1)
        except FileNotFoundError:
            return None
        except OSError as error:
            _log.warning("calibration %s cannot be read (%s); it is made again", path, error.strerror)
            return None
        try:
            if len(data) > MAX_BYTES:
                raise ValueError(f"larger than {MAX_BYTES} bytes")
            calibration = Calibration.from_dict(json.loads(data))
            if calibration.key != key:
                raise ValueError("it holds another room, geometry, version or recipe")
        # Deeply nested brackets exhaust the parser's stack; that too is only a damaged file.
        except (ValueError, RecursionError) as error:
            _log.warning("calibration %s is damaged (%s); it is made again", path, error)
            return None
        return calibration

    def store(self, calibration: Calibration) -> bool:
        """Write a calibration under its key; return whether it is on disk.

        A folder that cannot be written is logged once, and the cache then stays out of the way.
        """
        path = self.path(calibration.key)
        if path is None or not self._writable:
            self._warn_once("no home folder")
            return False
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_atomic(path, json.dumps(calibration.to_dict(), allow_nan=False) + "\n")
        except OSError as error:
            self._warn_once(error.strerror or str(error))
            return False
        self._remove_oldest()
        return True

    def get_or_make(self, key: CalibrationKey, make: Callable[[], Calibration]) -> Calibration:
        """Return the stored calibration of this key, else make and store it.

        Raises
        ------
        ValueError
            `make` returned a calibration of another key.
        """
        calibration = self.load(key)
        if calibration is not None:
            return calibration
        calibration = make()
        if calibration.key != key:
            raise ValueError("the calibration made is not the one asked for")
        self.store(calibration)
        return calibration

    def _warn_once(self, reason: str) -> None:
        if self._writable:
            self._writable = False
            _log.warning(
                "calibrations cannot be kept in %s (%s); set SENTINEL_CACHE_DIR to a writable folder",
                self.folder,
                reason,
            )

    def _remove_oldest(self) -> None:
        # Another process may remove the same files meanwhile; a file that is gone is what we wanted.
        entries: list[tuple[float, Path]] = []
        with contextlib.suppress(OSError), os.scandir(self.folder) as scan:
            for entry in scan:
                with contextlib.suppress(OSError):
                    age_mark = entry.stat().st_mtime
                    if entry.name.startswith(TEMPORARY_PREFIX):
                        if time.time() - age_mark > STALE_TEMPORARY_S:  # its writer was killed
                            os.unlink(entry.path)
                    elif entry.name.endswith(".json"):
                        entries.append((age_mark, Path(entry.path)))
        entries.sort()
        for _, path in entries[: max(len(entries) - self.max_files, 0)]:
            with contextlib.suppress(OSError):
                path.unlink()
