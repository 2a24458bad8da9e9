# SPDX-License-Identifier: GPL-3.0-or-later
"""Features of each second as a table in a Parquet file, with what was decided on them."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from typing import Any

import numpy as np

from ..core.errors import OutputError
from .monitor import Step
from .receiver.receiver_data import ReceiverState
from .snapshots import RECORD_SCALARS, Snapshots

#: Rows that are written together; at one a second a file on disk is never older than this.
GROUP_ROWS = 60


class FeatureTable:
    """Writes one row per snapshot; the file is complete when closed.

    Columns: `sample_start`, `sample_count`, `time` (UTC, µs, or null), `sample_rate`, `center_freq`, lists
    `power`, `kurtosis`, `coherence_real`, `coherence_imag` by channel, the scalars of a record, `score`,
    `threshold`, `detected`, `kind` (of evidence), `event_id`, `j_n_db`, `cn0_loss_db`, `level_dbfs` and,
    where it is calibrated, `level_dbm` of all that was received, `receiver`: what the satellite receiver said
    as JSON, or null.

    Parameters
    ----------
    path : path

    Raises
    ------
    OutputError
        If the file cannot be written.
    """

    def __init__(self, path: str | os.PathLike) -> None:
        self.path = os.fspath(path)
        self._partial = f"{self.path}.partial"
        self._rows: list[dict[str, Any]] = []
        self._writer: Any = None
        try:
            open(self._partial, "wb").close()
        except OSError as error:
            raise OutputError(f"{path}: cannot be written: {error.strerror}; choose another place") from error

    def add(self, step: Step, snapshots: Snapshots, index: int) -> None:
        """Take one snapshot."""
        row: dict[str, Any] = {
            "sample_start": int(snapshots.sample_start[index]),
            "sample_count": int(snapshots.sample_count[index]),
            "time": _microseconds(float(snapshots.time_s[index])),
            "sample_rate": snapshots.sample_rate,
            "center_freq": snapshots.center_freq,
            "power": snapshots.power[index],
            "kurtosis": snapshots.kurtosis[index],
            "coherence_real": snapshots.coherence[index].real,
            "coherence_imag": snapshots.coherence[index].imag,
        }
        row |= {name: float(getattr(snapshots, name)[index]) for name in RECORD_SCALARS}
        impact = {} if step.second is None else step.second.impact
        row |= {
            "score": step.decision.score,
            "threshold": step.decision.threshold,
            "detected": step.second is not None,
            "kind": step.verdict.kind,
            "event_id": None if step.follows is None else step.follows.id,
            "j_n_db": impact.get("j_n_db"),
            "cn0_loss_db": impact.get("cn0_loss_db"),
            "level_dbfs": None if step.levels is None else step.levels.dbfs,
            "level_dbm": None if step.levels is None else step.levels.dbm,
            "receiver": None if step.receiver is None else _json(step.receiver),
        }
        self._rows.append(row)
        if len(self._rows) >= GROUP_ROWS:
            self._write()

    def close(self) -> None:
        """Write what is left and give the file its name."""
        if self._partial is None:
            return
        self._write()
        if self._writer is not None:
            self._writer.close()
            os.replace(self._partial, self.path)
        else:
            os.unlink(self._partial)
        self._partial = None

    def _write(self) -> None:
        if not self._rows:
            return
        import pyarrow
        from pyarrow import parquet

        table = pyarrow.Table.from_pylist(self._rows, schema=_schema(pyarrow))
        try:
            if self._writer is None:
                self._writer = parquet.ParquetWriter(self._partial, table.schema)
            self._writer.write_table(table)
        except OSError as error:
            raise OutputError(f"{self.path}: cannot be written: {error}; free some space") from error
        self._rows = []


def _schema(pyarrow: Any) -> Any:
    vector = pyarrow.list_(pyarrow.float32())
    types = {
        "sample_start": pyarrow.int64(),
        "sample_count": pyarrow.int64(),
        "time": pyarrow.timestamp("us", tz="UTC"),
        "sample_rate": pyarrow.float64(),
        "center_freq": pyarrow.float64(),
        **dict.fromkeys(("power", "kurtosis", "coherence_real", "coherence_imag"), vector),
        **dict.fromkeys(RECORD_SCALARS, pyarrow.float32()),
        "score": pyarrow.float64(),
        "threshold": pyarrow.float64(),
        "detected": pyarrow.bool_(),
        "kind": pyarrow.string(),
        "event_id": pyarrow.string(),
        "j_n_db": pyarrow.float64(),
        "cn0_loss_db": pyarrow.float64(),
        "level_dbfs": pyarrow.float64(),
        "level_dbm": pyarrow.float64(),
        "receiver": pyarrow.string(),
    }
    return pyarrow.schema(list(types.items()))


def _microseconds(time_s: float) -> int | None:
    return None if not np.isfinite(time_s) else round(time_s * 1e6)


def _json(state: ReceiverState) -> str:
    return json.dumps(asdict(state), default=str)
