# SPDX-License-Identifier: GPL-3.0-or-later
"""Monte Carlo dropout at run time: seeded masks, passes of the last layer, mean and variance over them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...core.models import LoadedModel
from ..uncertainty import Moments

LEAST_PASSES, MOST_PASSES = 30, 50
#: Standard error of the mean probability of the class chosen that is small enough to stop at.
TOLERANCE = 0.02


@dataclass(frozen=True)
class Passes:
    """What the passes say.

    Attributes
    ----------
    moments : Moments
        Mean and mean square of p, and mean entropy, over the passes used for each row.
    passes : int64, shape (n,)
        How many were used.
    converged : bool, shape (n,)
        Whether the standard error came below the tolerance.
    probability : shape (n, classes)
        Without dropout.
    """

    moments: Moments
    passes: np.ndarray
    converged: np.ndarray
    probability: np.ndarray


def dropout_masks(passes: int, width: int, dropout: float, seed: int = 1) -> np.ndarray:
    """Return masks of 1 and 0, float32 of shape (passes, width); the first ones do not depend on `passes`."""
    draws = np.random.default_rng(seed).random((passes, width))
    return (draws >= dropout).astype(np.float32)


def monte_carlo(
    model: LoadedModel,
    inputs: np.ndarray,
    *,
    width: int,
    dropout: float,
    least: int = LEAST_PASSES,
    most: int = MOST_PASSES,
    tolerance: float = TOLERANCE,
    seed: int = 1,
) -> Passes:
    """Run a model made by `network_export.export_network` with dropout.

    A row uses the first T passes, T the smallest from `least` to `most` for which the standard error of the
    mean probability of its likeliest class is at most `tolerance`. All rows see the same masks, so a row's
    result does not depend on what it is run with.

    Parameters
    ----------
    inputs : array, shape (n, ...)
    width, dropout
        Of the network, from the settings of the model.

    Raises
    ------
    ValueError
        `least` and `most` are not in order, or the inputs have a shape the model does not take.
    """
    if not 2 <= least <= most:
        raise ValueError(
            f"passes from {least} to {most} are not possible; at least 2, and most not below least"
        )
    out = model.run(input=inputs, masks=dropout_masks(most, width, dropout, seed))
    return summarise(out["passes"], out["probability"], least, tolerance)


def summarise(members: np.ndarray, probability: np.ndarray, least: int, tolerance: float) -> Passes:
    """Return the outcome of passes of shape (most, n, classes)."""
    members = np.asarray(members, float)
    most, rows = len(members), np.arange(members.shape[1])
    used = np.full(len(rows), most)
    converged = np.zeros(len(rows), bool)
    total, squares = members[: least - 1].sum(axis=0), (members[: least - 1] ** 2).sum(axis=0)
    for count in range(least, most + 1):
        total += members[count - 1]
        squares += members[count - 1] ** 2
        best = np.argmax(total, axis=1)
        mean, square = total[rows, best] / count, squares[rows, best] / count
        # Rounding makes the variance of equal members a little negative.
        error = np.sqrt(np.maximum(square - mean**2, 0) / (count - 1))
        done = ~converged & (error <= tolerance)
        used[done] = count
        converged |= done
    parts = {count: Moments.of_members(members[:count, used == count]) for count in np.unique(used).tolist()}
    mean, square = np.zeros(members.shape[1:]), np.zeros(members.shape[1:])
    entropy = np.zeros(len(rows))
    for count, part in parts.items():
        place = used == count
        mean[place], square[place], entropy[place] = part.mean, part.mean_square, part.mean_entropy
    return Passes(Moments(mean, square, entropy), used, converged, np.asarray(probability))
