# SPDX-License-Identifier: GPL-3.0-or-later
"""Learned models at run time: an ONNX file is checked from its bytes, compared with what is wanted, then run.

Needs onnxruntime, which is loaded with the first model, and no training library.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from .canonical import Scalar, plain_scalars
from .errors import InputError
from .event_rules import Model
from .model_info import ModelInfo
from .onnx_header import read_onnx_header

__all__ = ["MAX_BYTES", "LoadedModel", "ModelInfo", "load_model"]

#: The published ResNet18 has 45 MB, the largest file that is meant to be run.
MAX_BYTES = 128_000_000
_TYPES = {
    "tensor(float)": np.float32,
    "tensor(double)": np.float64,
    "tensor(int64)": np.int64,
    "tensor(bool)": np.bool_,
}


class LoadedModel:
    """A model that was found to be what its user wants, ready to run.

    Attributes
    ----------
    path : Path
    info : ModelInfo
    sha256 : str
        Of the file, 64 hex digits.
    inputs, outputs : tuple of str
        Names, in the file's order.
    """

    def __init__(self, path: Path, info: ModelInfo, sha256: str, session: Any):
        self.path = path
        self.info = info
        self.sha256 = sha256
        self.inputs = tuple(part.name for part in session.get_inputs())
        self.outputs = tuple(part.name for part in session.get_outputs())
        self._parts = {part.name: part for part in session.get_inputs()}
        self._session = session

    @property
    def event_model(self) -> Model:
        """What events say under `model`: name, version, sha256."""
        return Model(self.info.name, self.info.version, self.sha256)

    def run(self, **arrays: np.ndarray) -> dict[str, np.ndarray]:
        """Return the outputs by name for inputs by name, each converted to the type the model takes.

        Raises
        ------
        ValueError
            An input is missing, unknown, or of another shape than the model takes.
        """
        if arrays.keys() != self._parts.keys():
            raise ValueError(f"{self.path.name} takes {list(self._parts)}, not {sorted(arrays)}")
        given = {name: self._input(name, value) for name, value in arrays.items()}
        return dict(zip(self.outputs, self._session.run(self.outputs, given), strict=True))

    def _input(self, name: str, value: np.ndarray) -> np.ndarray:
        part = self._parts[name]
        array = np.ascontiguousarray(value, _TYPES[part.type])
        # Sizes that are left open have a name in place of a number.
        wrong = len(part.shape) != array.ndim or any(
            isinstance(wanted, int) and wanted != there
            for wanted, there in zip(part.shape, array.shape, strict=False)
        )
        if wrong:
            raise ValueError(f"{self.path.name} takes {name} of shape {part.shape}, not {list(array.shape)}")
        return array


def load_model(
    path: str | os.PathLike,
    *,
    room: str,
    kind: str | Sequence[str] | None = None,
    geometry: Mapping[str, Scalar] | None = None,
    feature_version: int | None = None,
    classes: Sequence[str] | None = None,
    threads: int = 1,
    max_bytes: int = MAX_BYTES,
) -> LoadedModel:
    """Check a model file and make it ready.

    Parameters
    ----------
    path : path
        An ONNX file made by this project.
    room : str
        Whose model it must be.
    kind : str or sequence of str, optional
        What it may be; anything if left out.
    geometry : mapping, optional
        What it must have been trained with, all of it. Whole floats count as integers.
    feature_version : int, optional
    classes : sequence of str, optional
        In the order wanted.
    threads : int
        Of the run-time library.
    max_bytes : int
        Larger files are not read.

    Raises
    ------
    InputError
        The file is missing, too large, cut short, no model of ours, asks for what is not run here, or is of
        another room, kind, geometry, feature version or classes.
    """
    path = Path(path)
    data = _read(path, max_bytes)
    try:
        header = read_onnx_header(data)
        info = ModelInfo.from_metadata(header.metadata)
        if header.tensor_bytes > 2 * max_bytes:
            raise ValueError(
                f"holds {header.tensor_bytes} bytes of constants; at most {2 * max_bytes} are run"
            )
    except ValueError as error:
        raise InputError(f"{path}: this file {error}; {_REMEDY}") from error
    _compare(path, info, room, kind, geometry, feature_version, classes)
    return LoadedModel(path, info, hashlib.sha256(data).hexdigest(), _session(path, data, threads))


_REMEDY = (
    "give a model made by `sentinel train`, or leave the option out for the one that comes with the module"
)


def _read(path: Path, max_bytes: int) -> bytes:
    try:
        if not path.is_file():
            problem = (
                "is a folder" if path.is_dir() else "does not exist" if not path.exists() else "is no file"
            )
            raise InputError(f"{path}: this model {problem}; {_REMEDY}")
        with open(path, "rb") as stream:
            data = stream.read(max_bytes + 1)
    except OSError as error:
        raise InputError(f"{path}: this model cannot be read ({error.strerror}); {_REMEDY}") from error
    if len(data) > max_bytes:
        raise InputError(f"{path}: this model is larger than {max_bytes} bytes; {_REMEDY}")
    return data


def _compare(
    path: Path,
    info: ModelInfo,
    room: str,
    kind: str | Sequence[str] | None,
    geometry: Mapping[str, Scalar] | None,
    feature_version: int | None,
    classes: Sequence[str] | None,
) -> None:
    """Refuse a model of another purpose, with the one difference that matters most."""

    def refuse(what: str, there: Any, wanted: Any) -> None:
        raise InputError(f"{path}: {what} of this model is {there}, wanted is {wanted}; {_REMEDY}")

    kinds = (kind,) if isinstance(kind, str) else kind
    if info.room != room:
        refuse("the room", info.room, room)
    if kinds is not None and info.kind not in kinds:
        refuse("the kind", info.kind, " or ".join(kinds))
    if feature_version is not None and info.feature_version != feature_version:
        refuse("the feature version", info.feature_version, feature_version)
    if geometry is not None:
        wanted = plain_scalars(geometry)
        for name in sorted({*wanted, *info.geometry}):
            there, here = info.geometry.get(name, "not given"), wanted.get(name, "not given")
            if there != here:
                refuse(f"{name}", there, here)
    if classes is not None and info.classes != tuple(classes):
        refuse("the list of classes", ", ".join(info.classes) or "empty", ", ".join(classes))


def _session(path: Path, data: bytes, threads: int) -> Any:
    try:
        import onnxruntime
    except ImportError as error:
        raise InputError(
            f"{path}: models need onnxruntime, which is not installed; "
            "run pip install -c constraints.txt onnxruntime"
        ) from error
    if threads < 1:
        raise InputError(f"threads is {threads}; give a number from 1 on")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    # A thread that spins while it waits for the next second would take a core for nothing.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 4
    try:
        # From bytes: what was checked is what runs, and there is no folder to look for other files in.
        session = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # its exceptions have no common base but this one
        reason = " ".join(str(error).split())
        raise InputError(f"{path}: this model cannot be run ({reason[:200]}); {_REMEDY}") from error
    unknown = [part.name for part in session.get_inputs() if part.type not in _TYPES]
    if unknown:
        raise InputError(
            f"{path}: this model has inputs of types not taken here ({', '.join(unknown)}); {_REMEDY}"
        )
    return session
