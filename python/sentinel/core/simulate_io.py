# SPDX-License-Identifier: GPL-3.0-or-later
"""Writing a scene as a SigMF recording: quantised, validated, and never half there."""

import contextlib
import hashlib
import os
import secrets
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import sigmf
from jsonschema.exceptions import ValidationError

from .data_file import canonical_format
from .errors import InputError, OutputError
from .files import write_atomic
from .quantise import quantise
from .sigmf_time import format_datetime, parse_datetime

_CHUNK_SAMPLES = 1 << 20
_GENERATOR = "gr-sentinel"


def write_sigmf(
    path_meta: str | os.PathLike,
    samples: np.ndarray | Iterable[np.ndarray],
    sample_rate: float,
    center_freq: float | None = None,
    start_time: str | None = None,
    annotations: Sequence[dict] = (),
    datatype: str = "cf32_le",
    description: str | None = None,
    data_name: str | None = None,
    captures: Sequence[dict] = (),
) -> Path:
    """Write samples and metadata; a reader sees the whole recording or none.

    Parameters
    ----------
    path_meta : path
        `x.sigmf-meta`; the samples go beside it to `x.sigmf-data`.
    samples : complex array or iterable of complex arrays
        Full scale 1. An iterable is written as it comes and never held; it may also give integers
        of `datatype`, shape (count, 2), which are written as they are.
    sample_rate, center_freq : float
        Hz.
    start_time : str, optional
        UTC of the first sample, ISO 8601.
    annotations : sequence of dict
        SigMF annotations, `core:sample_start` in each. Keys with another name space than `core`
        declare it as an optional extension.
    datatype : str
        cu8, ci8, ci16_le or cf32_le.
    description : str, optional
        For `core:description`.
    data_name : str, optional
        Name of the samples' file in the same folder, if another than `x.sigmf-data` is wanted.
    captures : sequence of dict
        What captures say, `core:sample_start` in each; the first begins at 0. They continue each
        other: frequency and time are added to them.

    Returns
    -------
    pathlib.Path
        Of the metadata file.

    Raises
    ------
    InputError
        If the name, a value or an annotation is not allowed in SigMF, or there are no samples.
    OutputError
        If the files cannot be written, as on a full disk; no part of them stays behind.
    """
    path_meta = Path(path_meta)
    if path_meta.suffix != ".sigmf-meta":
        raise InputError(f"{path_meta}: the name must end in .sigmf-meta")
    datatype = canonical_format(datatype, str(path_meta))
    path_data = path_meta.with_name(data_name) if data_name else path_meta.with_suffix(".sigmf-data")
    partial_data, partial_meta = (_partial(path) for path in (path_data, path_meta))
    try:
        with _removed_on_failure(partial_data, partial_meta):
            count, digest = _write_data(partial_data, samples, datatype)
            if count == 0:
                raise InputError(f"{path_meta}: there are no samples to write")
            info = {"core:datatype": datatype, "core:sample_rate": float(sample_rate), "core:sha512": digest}
            if description is not None:
                info["core:description"] = description
            if data_name is not None:
                info["core:dataset"] = data_name
            text = _metadata(path_meta, info, center_freq, start_time, annotations, count, captures)
            _write_synced(partial_meta, text.encode())
            # The data first: a reader that finds the metadata finds its samples.
            os.replace(partial_data, path_data)
            os.replace(partial_meta, path_meta)
    except OSError as error:
        raise OutputError(
            f"{path_meta}: cannot be written: {error.strerror}; free some space or choose another folder"
        ) from error
    return path_meta


def write_truth(
    path_meta: str | os.PathLike,
    sample_count: int,
    sample_rate: float,
    center_freq: float | None = None,
    start_time: str | None = None,
    annotations: Sequence[dict] = (),
    datatype: str = "cf32_le",
    captures: Sequence[dict] = (),
) -> None:
    """Write the metadata of samples that were sent and not kept; arguments as of `write_sigmf`.

    `sentinel:sample_count` in its global part says how many there were.

    Raises
    ------
    InputError
        If a value or an annotation is not allowed in SigMF.
    OutputError
        If the file cannot be written.
    """
    path = Path(path_meta)
    info = {
        "core:datatype": datatype,
        "core:sample_rate": float(sample_rate),
        "core:metadata_only": True,
        "sentinel:sample_count": sample_count,
    }
    text = _metadata(path, info, center_freq, start_time, annotations, sample_count, captures)
    try:
        write_atomic(path, text)
    except OSError as error:
        raise OutputError(
            f"{path}: cannot be written: {error.strerror}; free some space or choose another folder"
        ) from error


def _metadata(
    path: Path,
    info: dict,
    center_freq: float | None,
    start_time: str | None,
    annotations: Sequence[dict],
    sample_count: int,
    captures: Sequence[dict],
) -> str:
    keys = {key for part in (info, *annotations, *captures) for key in part if ":" in key}
    extensions = sorted({key.split(":")[0] for key in keys} - {"core"})
    info = info | {"core:recorder": _GENERATOR}
    if extensions:
        info["core:extensions"] = [{"name": n, "version": "1.0.0", "optional": True} for n in extensions]
    captures = [dict(capture) for capture in captures] or [{"core:sample_start": 0}]
    if center_freq is not None:
        captures = [{**capture, "core:frequency": float(center_freq)} for capture in captures]
    if start_time is not None:
        captures[0]["core:datetime"] = start_time
        start_ns = parse_datetime(start_time).time_ns if captures[1:] else 0
        for capture in captures[1:]:
            offset_ns = round(capture["core:sample_start"] * 1e9 / info["core:sample_rate"])
            capture["core:datetime"] = format_datetime(start_ns + offset_ns)
    for number, annotation in enumerate(annotations):
        start = annotation.get("core:sample_start", -1)
        end = start + annotation.get("core:sample_count", 0)
        if not 0 <= start < sample_count or end > sample_count:
            raise InputError(
                f"{path}: annotation {number} ({start} to {end}) is not inside the {sample_count} samples"
            )
    # All at once: add_annotation sorts at each call, which takes minutes for an hour of many tags.
    ordered = sorted(annotations, key=lambda annotation: annotation["core:sample_start"])
    sections = {"global": info, "captures": captures, "annotations": ordered}
    recording = sigmf.SigMFFile(metadata=sections)
    try:
        recording.validate()
    except ValidationError as error:
        place = "/".join(map(str, error.absolute_path)) or "top level"
        raise InputError(f"{path}: not allowed in SigMF at {place}: {error.message[:200]}") from None
    return recording.dumps() + "\n"


def _write_data(path: Path, samples: np.ndarray | Iterable[np.ndarray], datatype: str) -> tuple[int, str]:
    """Number of samples written, and the SHA-512 of their bytes."""
    chunks = _pieces(samples) if isinstance(samples, np.ndarray) else samples
    digest = hashlib.sha512()
    count = 0
    with path.open("xb") as stream:
        for chunk in chunks:
            native = chunk.dtype.kind in "iu"
            raw = (chunk if native else quantise(chunk, datatype)).tobytes()
            stream.write(raw)
            digest.update(raw)
            count += len(chunk)
        stream.flush()
        os.fsync(stream.fileno())
    return count, digest.hexdigest()


def _pieces(samples: np.ndarray) -> Iterable[np.ndarray]:
    for start in range(0, len(samples), _CHUNK_SAMPLES):
        yield samples[start : start + _CHUNK_SAMPLES]


def _write_synced(path: Path, content: bytes) -> None:
    with path.open("xb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())


def _partial(path: Path) -> Path:
    """A name in the same folder, so that it can take its real name in one step."""
    return path.with_name(f".partial-{secrets.token_hex(6)}-{path.name}")


@contextlib.contextmanager
def _removed_on_failure(*paths: Path):
    try:
        yield
    except BaseException:
        for path in paths:
            path.unlink(missing_ok=True)
        raise
