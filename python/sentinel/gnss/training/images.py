# SPDX-License-Identifier: GPL-3.0-or-later
"""The published picture: 5 s of the 64 channel powers as 193 x 125 pixels in colour.

Frequency runs to the right, time downwards: 193 = 3 * 64 + 1 and 125 = 25 * 5 point to that. A horizontal
flip therefore mirrors the spectrum. The picture holds no more than the 320 numbers it was made of.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

SECONDS = 5
HEIGHT, WIDTH = 125, 193
#: Mean and deviation of red, green, blue that networks trained on ImageNet expect.
IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_DEVIATION = (0.229, 0.224, 0.225)
#: Below any receiver's noise: keeps the logarithm of an empty channel finite.
_LEAST_POWER = 1e-20


@dataclass(frozen=True)
class PowerScale:
    """Which powers are the two ends of the colours, in dB of full scale.

    A fixed scale for all pictures, not one for each: wideband noise shows in the level alone.
    """

    low_db: float
    high_db: float

    def __post_init__(self) -> None:
        if not -np.inf < self.low_db < self.high_db < np.inf:
            raise ValueError(f"the scale from {self.low_db} to {self.high_db} dB is empty")

    @classmethod
    def fit(cls, power: np.ndarray, share: float = 0.001) -> PowerScale:
        """Return the scale that all but a share of the powers at each end lie in; at least 1 dB wide."""
        low, high = np.quantile(decibels(power), [share, 1 - share])
        return cls(float(low), float(max(high, low + 1)))


def decibels(power: np.ndarray) -> np.ndarray:
    """Return 10 log10 of powers, not below -200 dB."""
    return 10 * np.log10(np.maximum(np.asarray(power, float), _LEAST_POWER))


def sequences(power: np.ndarray, seconds: int = SECONDS) -> np.ndarray:
    """Return sequences (n, seconds, channels) that do not overlap, of (T, channels); the rest is left out."""
    power = np.asarray(power)
    count = len(power) // seconds
    return power[: count * seconds].reshape(count, seconds, *power.shape[1:])


def published_images(power: np.ndarray, scale: PowerScale) -> np.ndarray:
    """Return pictures, uint8 of shape (n, 125, 193, 3), of powers of shape (n, seconds, channels).

    Each power is placed on the scale, v in 0 .. 1; v is interpolated linearly between the centres of the
    cells, and coloured by `colours`.
    """
    power = np.asarray(power)
    if power.ndim != 3:
        raise ValueError(f"powers are of shape {power.shape}; it must be (n, seconds, channels)")
    values = np.clip((decibels(power) - scale.low_db) / (scale.high_db - scale.low_db), 0, 1)
    down = _enlargement(power.shape[1], HEIGHT)
    right = _enlargement(power.shape[2], WIDTH)
    return colours(down @ values @ right.T)


def _enlargement(size: int, pixels: int) -> np.ndarray:
    """Weights of linear interpolation, shape (pixels, size); constant beyond the outer centres."""
    place = np.clip((np.arange(pixels) + 0.5) * size / pixels - 0.5, 0, size - 1)
    first = np.minimum(place.astype(int), max(size - 2, 0))
    weights = np.zeros((pixels, size))
    weights[np.arange(pixels), first] = 1 - (place - first)
    if size > 1:
        weights[np.arange(pixels), first + 1] = place - first
    return weights


def colours(values: np.ndarray) -> np.ndarray:
    """Return red, green, blue, uint8 of shape (..., 3), of values 0 .. 1.

    From dark blue over cyan, green, yellow to dark red: clip(1.5 - |4 v - c|, 0, 1) with c = 3, 2, 1.
    """
    values = np.asarray(values, float)[..., None]
    return np.round(255 * np.clip(1.5 - np.abs(4 * values - (3, 2, 1)), 0, 1)).astype(np.uint8)


def image_tensors(images: np.ndarray) -> np.ndarray:
    """Return what the network takes, float32 of shape (n, 3, 125, 193): colours less mean, by deviation."""
    values = np.asarray(images, np.float32) / np.float32(255)
    values = (values - np.float32(IMAGENET_MEAN)) / np.float32(IMAGENET_DEVIATION)
    return np.ascontiguousarray(np.moveaxis(values, -1, 1), np.float32)


def flipped(tensors: np.ndarray, rng: np.random.Generator, probability: float = 0.5) -> np.ndarray:
    """Return the tensors, each mirrored along its last axis with a probability."""
    mirrored = rng.random(len(tensors)) < probability
    shape = (-1,) + (1,) * (tensors.ndim - 1)
    return np.where(mirrored.reshape(shape), tensors[..., ::-1], tensors)
