# SPDX-License-Identifier: GPL-3.0-or-later
"""Checkpoints of a training: weights and optimizer as safetensors, the rest as JSON; nothing is unpickled.

For training programs: needs torch and safetensors.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

import torch
from torch import nn

from ...core.canonical import plain_scalars
from ...core.errors import InputError
from ...core.files import write_atomic

SCHEMA = 1
STATE_FILE = "state.json"
_MAX_STATE_BYTES = 4_000_000
_MAX_TENSOR_BYTES = 1_000_000_000
_PARTS = ("network", "optimizer")


@dataclass
class TrainingState:
    """Where a training stands: next epoch and step, losses so far, seconds used."""

    epoch: int = 0
    step: int = 0
    loss_sum: float = 0.0
    loss_rows: int = 0
    losses: list[float] = field(default_factory=list)
    seconds: float = 0.0


class Checkpoints:
    """The newest checkpoint of one training, in a folder of its own.

    Tensors go to files named after their content; then the state, which names them, is replaced. So a
    training that is killed at any moment leaves a whole checkpoint behind.
    """

    def __init__(self, folder: str | os.PathLike):
        self.folder = Path(folder)

    def save(
        self,
        network: nn.Module,
        optimizer: torch.optim.Optimizer,
        key: Mapping[str, Any],
        state: TrainingState,
    ) -> None:
        """Write a checkpoint and remove the one before."""
        from safetensors.torch import save

        self.folder.mkdir(parents=True, exist_ok=True)
        names = {}
        tensors = {"network": network.state_dict(), "optimizer": _optimizer_tensors(optimizer)}
        for part in _PARTS:
            data = save({name: tensor.contiguous() for name, tensor in tensors[part].items()})
            names[part] = f"{part}-{hashlib.sha256(data).hexdigest()}.safetensors"
            write_atomic(self.folder / names[part], data)
        content = {"schema": SCHEMA, "key": plain_scalars(key), "files": names, "state": asdict(state)}
        write_atomic(self.folder / STATE_FILE, json.dumps(content, allow_nan=False) + "\n")
        for part in _PARTS:
            for path in self.folder.glob(f"{part}-*.safetensors"):
                if path.name != names[part]:
                    with contextlib.suppress(FileNotFoundError):
                        path.unlink()

    def load(
        self, network: nn.Module, optimizer: torch.optim.Optimizer, key: Mapping[str, Any]
    ) -> TrainingState | None:
        """Put network and optimizer into the state of the checkpoint; None if there is none.

        Raises
        ------
        InputError
            It is damaged, or of another network, settings or data.
        """
        path = self.folder / STATE_FILE
        if not path.exists():
            return None
        try:
            content = json.loads(_bytes(path, _MAX_STATE_BYTES))
            if not isinstance(content, dict) or content.get("schema") != SCHEMA:
                raise ValueError("not a checkpoint of this release")
            there, wanted = content["key"], plain_scalars(key)
            if there != wanted:
                names = sorted(name for name in {*there, *wanted} if there.get(name) != wanted.get(name))
                raise ValueError(f"{names[0]} was {there.get(names[0])}, is now {wanted.get(names[0])}")
            state = _state(content["state"])
            tensors = {part: self._tensors(part, content["files"][part]) for part in _PARTS}
            network.load_state_dict(tensors["network"])
            _restore(optimizer, tensors["optimizer"])
        except OSError as error:
            raise InputError(
                f"{path}: the checkpoint cannot be read ({error.strerror}); {self._remedy}"
            ) from error
        except (ValueError, KeyError, TypeError, AttributeError, RuntimeError) as error:
            reason = " ".join(str(error).split())[:200]
            raise InputError(f"{path}: the checkpoint does not fit ({reason}); {self._remedy}") from error
        return state

    def clear(self) -> None:
        """Remove the checkpoint, so that the next training begins anew."""
        for pattern in (STATE_FILE, *(f"{part}-*.safetensors" for part in _PARTS)):
            for path in self.folder.glob(pattern):
                path.unlink()

    @property
    def _remedy(self) -> str:
        return f"remove {self.folder} to begin anew"

    def _tensors(self, part: str, name: str) -> dict[str, torch.Tensor]:
        from safetensors import SafetensorError
        from safetensors.torch import load

        # The name is of our making; one that leads elsewhere is not.
        if name != Path(name).name or not name.startswith(f"{part}-"):
            raise ValueError(f"{name!r} is no file of a checkpoint")
        data = _bytes(self.folder / name, _MAX_TENSOR_BYTES)
        if name != f"{part}-{hashlib.sha256(data).hexdigest()}.safetensors":
            raise ValueError(f"{name} is damaged")
        try:
            return load(data)
        except SafetensorError as error:
            raise ValueError(f"{name} is damaged: {error}") from error


def _bytes(path: Path, limit: int) -> bytes:
    with open(path, "rb") as stream:
        data = stream.read(limit + 1)
    if len(data) > limit:
        raise ValueError(f"{path.name} is larger than {limit} bytes")
    return data


def _state(values: Mapping[str, Any]) -> TrainingState:
    if values.keys() != {item.name for item in fields(TrainingState)}:
        raise ValueError("the state lacks values")
    return TrainingState(**values)


def _optimizer_tensors(optimizer: torch.optim.Optimizer) -> dict[str, torch.Tensor]:
    """The tensors an optimizer keeps, by number of the parameter and name."""
    return {
        f"{number}.{name}": value
        for number, values in optimizer.state_dict()["state"].items()
        for name, value in values.items()
    }


def _restore(optimizer: torch.optim.Optimizer, tensors: Mapping[str, torch.Tensor]) -> None:
    whole = optimizer.state_dict()
    state: dict[int, dict[str, torch.Tensor]] = {}
    for key, tensor in tensors.items():
        number, _, name = key.partition(".")
        state.setdefault(int(number), {})[name] = tensor
    parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
    for number, values in state.items():
        for name, tensor in values.items():
            if number >= len(parameters) or (name != "step" and tensor.shape != parameters[number].shape):
                raise ValueError("the optimizer is that of another network")
    optimizer.load_state_dict({"state": state, "param_groups": whole["param_groups"]})
