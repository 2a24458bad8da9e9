# SPDX-License-Identifier: GPL-3.0-or-later
"""Training of a network: seeded, stoppable at any step, and continued as if it had never stopped.

For training programs: needs torch and safetensors.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field

import numpy as np
import torch
from torch import nn

from ...core.progress import progress
from .checkpoint import Checkpoints, TrainingState

#: From places in the training set to inputs, float32 of shape (n, ...).
Inputs = Callable[[np.ndarray], np.ndarray]
#: From inputs and a generator to changed inputs, as `images.flipped`.
Augmentation = Callable[[np.ndarray, np.random.Generator], np.ndarray]


@dataclass(frozen=True)
class TrainingSettings:
    """How to train. Defaults are those published: Adam on cross-entropy."""

    batch: int = 64
    epochs: int = 32
    learning_rate: float = 0.001
    seed: int = 1
    threads: int = 1

    def __post_init__(self) -> None:
        if self.batch < 2 or self.epochs < 1 or self.threads < 1 or not 0 < self.learning_rate < 10:
            raise ValueError(
                f"training with {self} is not possible: batch from 2, epochs and threads from 1 on are"
            )


@dataclass(frozen=True)
class TrainingResult:
    """How far it came.

    Attributes
    ----------
    losses : tuple of float
        Mean loss of each finished epoch.
    finished : bool
        False when the time was up.
    seconds : float
        Of all runs together.
    """

    losses: tuple[float, ...]
    finished: bool
    seconds: float


@dataclass
class _Clock:
    max_minutes: float | None
    before_s: float
    begin: float = field(default_factory=lambda: time.monotonic())

    @property
    def seconds(self) -> float:
        return self.before_s + time.monotonic() - self.begin

    @property
    def is_over(self) -> bool:
        return self.max_minutes is not None and time.monotonic() - self.begin >= 60 * self.max_minutes


@contextmanager
def steady(threads: int) -> Iterator[None]:
    """Let torch use so many threads and only operators that give the same bits each time."""
    before, strict = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(True)
    try:
        yield
    finally:
        torch.set_num_threads(before)
        torch.use_deterministic_algorithms(strict)


def train(
    network: nn.Module,
    inputs: Inputs,
    labels: np.ndarray,
    settings: TrainingSettings,
    *,
    augment: Augmentation | None = None,
    checkpoints: Checkpoints | None = None,
    max_minutes: float | None = None,
    quiet: bool = False,
) -> TrainingResult:
    """Train a network in place.

    Every random choice comes from the seed and the number of the step, so a training that was stopped and
    resumed gives the same bits on the same machine as one that was not.

    Parameters
    ----------
    network : torch.nn.Module
        From inputs to logits.
    inputs : callable
        Asked for each batch, so that pictures need not all be kept.
    labels : array of int, shape (n,)
    augment : callable, optional
    checkpoints : Checkpoints, optional
        Written after each epoch and when the time is up; if one is there, training goes on from it.
    max_minutes : float, optional
        No further step is begun after that.

    Raises
    ------
    InputError
        The checkpoint is damaged, or of another network, settings or labels.
    ValueError
        Fewer than two rows.
    """
    labels = np.asarray(labels, np.int64)
    if len(labels) < 2:
        raise ValueError(f"{len(labels)} rows are too few to train on")
    optimizer = torch.optim.Adam(network.parameters(), lr=settings.learning_rate)
    key = {**{k: v for k, v in asdict(settings).items() if k != "threads"}, "rows": len(labels)}
    state = checkpoints.load(network, optimizer, key) if checkpoints else None
    state = state or TrainingState()
    clock = _Clock(max_minutes, state.seconds)
    steps = -(-len(labels) // settings.batch)
    with (
        steady(settings.threads),
        torch.random.fork_rng(devices=[]),
        progress(settings.epochs * steps, "training", quiet) as advance,
    ):
        network.train()
        advance(state.epoch * steps + state.step)
        while state.epoch < settings.epochs:
            order = np.random.default_rng([settings.seed, state.epoch]).permutation(len(labels))
            while state.step < steps and not clock.is_over:
                rows = order[state.step * settings.batch : (state.step + 1) * settings.batch]
                if len(rows) > 1:  # batch normalisation has no variance of one row
                    loss = _step(network, optimizer, inputs, labels, rows, settings, augment, state)
                    state.loss_sum += loss * len(rows)
                    state.loss_rows += len(rows)
                state.step += 1
                advance(1)
            if state.step == steps:
                state.losses.append(state.loss_sum / state.loss_rows)
                state.epoch, state.step, state.loss_sum, state.loss_rows = state.epoch + 1, 0, 0.0, 0
            state.seconds = clock.seconds
            if checkpoints:
                checkpoints.save(network, optimizer, key, state)
            if clock.is_over:
                break
        network.eval()
    return TrainingResult(tuple(state.losses), state.epoch >= settings.epochs, state.seconds)


def _step(
    network: nn.Module,
    optimizer: torch.optim.Optimizer,
    inputs: Inputs,
    labels: np.ndarray,
    rows: np.ndarray,
    settings: TrainingSettings,
    augment: Augmentation | None,
    state: TrainingState,
) -> float:
    rng = np.random.default_rng([settings.seed, state.epoch, state.step, 1])
    torch.manual_seed(int(rng.integers(1 << 62)))  # of dropout
    values = inputs(rows)
    if augment is not None:
        values = augment(values, rng)
    optimizer.zero_grad()
    logits = network(torch.from_numpy(np.ascontiguousarray(values, np.float32)))
    loss = nn.functional.cross_entropy(logits, torch.from_numpy(labels[rows]))
    loss.backward()
    optimizer.step()
    return float(loss.detach())


def probabilities(
    network: nn.Module, inputs: Inputs, rows: np.ndarray, batch: int = 64, threads: int = 1
) -> np.ndarray:
    """Return a network's probabilities without dropout, float32 of shape (n, classes)."""
    rows = np.asarray(rows)
    network.eval()
    parts = []
    with steady(threads), torch.no_grad():
        for start in range(0, len(rows), batch):
            values = np.ascontiguousarray(inputs(rows[start : start + batch]), np.float32)
            parts.append(torch.softmax(network(torch.from_numpy(values)), dim=1).numpy())
    return np.concatenate(parts)
