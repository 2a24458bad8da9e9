# SPDX-License-Identifier: GPL-3.0-or-later
"""What a receiver does to the shape of a spectrum by itself."""

from __future__ import annotations

import numpy as np

from .comparison import DB

#: Standard deviation of the noise behind the passband that may come or go, relative to all noise.
_OWN_NOISE_SHARE = 0.15


def own_noise(shape_db: np.ndarray, reference_db: np.ndarray, sigma_db: float) -> np.ndarray:
    """The part of a departure that more, or less, white noise behind the passband explains, dB, shape (N,).

    The rounding of few bits and the noise of the last stages do not follow the gain: after each step of it,
    and with each drift, the passband looks flatter or steeper. Interference comes through the passband and
    leaves its shape as it is.
    """
    weakness = 10 ** (-(reference_db - np.median(reference_db)) / 10)
    least = -0.5 / weakness.max()
    share, explained = 0.0, np.zeros_like(shape_db)
    # Gauss and Newton: one step for what is small, more where the passband falls by many dB.
    for _ in range(4):
        slope = DB * weakness / (1 + share * weakness)
        slope -= np.median(slope)
        # A few strong lines must not pull the fit.
        rest = shape_db - explained
        limit = 4 * max(sigma_db, 1.4826 * float(np.median(np.abs(rest))))
        rest = np.clip(rest, -limit, limit)
        doubt = (sigma_db / _OWN_NOISE_SHARE) ** 2
        share += (rest @ slope - share * doubt) / (slope @ slope + doubt)
        share = max(share, least)
        explained = DB * np.log1p(share * weakness)
        explained -= np.median(explained)
    return explained


def without_lines(shape_db: np.ndarray, reach: int = 4) -> np.ndarray:
    """Running median over 2 reach + 1 channels: the passband without its lines."""
    padded = np.pad(shape_db, reach, mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1)
    return np.median(windows, axis=1)
