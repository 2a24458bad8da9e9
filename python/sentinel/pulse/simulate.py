# SPDX-License-Identifier: GPL-3.0-or-later
"""Scenes of pulsed tags in noise, with exact truth.

E/N0 is the energy of one pulse over the noise density: A^2 tp fs / s2 for amplitude A, pulse width tp,
sample rate fs and variance s2 of a complex noise sample. A pulse that starts at t covers the samples
ceil(t fs) .. ceil((t + tp) fs) - 1.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from .. import kernel
from ..core.errors import InputError
from ..core.scene_stage import PLACES, Disturbance, SceneFrame, Stage, rechunk
from .simulated_tag import PULSE, SimulatedTag, check_band, render_pulses, tag_pulses

__all__ = [
    "Scene",
    "SimulatedTag",
    "scene_annotations",
    "scene_chunks",
    "scene_pulses",
    "scene_samples",
]

# Fixed, so that the samples are the same to the last bit whatever chunks are asked for.
_BLOCK_SAMPLES = 1 << 16
# Streams of random numbers of one seed; the noise has the seed itself.
_TAG_STREAM, _DISTURBANCE_STREAM = 1, 2


@dataclass(frozen=True)
class Scene:
    """What is on the air and how it is received.

    Parameters
    ----------
    sample_rate, duration_s : float
        Hz, s. The scene has round(duration_s * sample_rate) samples.
    tags : tuple of SimulatedTag
    center_freq : float, optional
        Absolute frequency of offset 0, Hz; None if there is none to state.
    noise_power : float
        Variance of one complex noise sample before disturbances.
    disturbances : tuple
        Objects as in `pulse.disturbances` and `core.impairments`. They act in the order noise, air,
        receiver (their `place`), within one place as listed.
    seed : int
        Of all that is random, 0 .. 2^64 - 1.
    """

    sample_rate: float
    duration_s: float
    tags: tuple[SimulatedTag, ...] = ()
    center_freq: float | None = None
    noise_power: float = 1.0
    disturbances: tuple[Disturbance, ...] = field(default=())
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("sample_rate", "duration_s", "noise_power"):
            if not 0 < getattr(self, name) < math.inf:
                raise InputError(f"scene: {name} is {getattr(self, name)}; give a positive number")
        if self.center_freq is not None and not math.isfinite(self.center_freq):
            raise InputError(f"scene: center_freq is {self.center_freq}; give a finite number")
        if isinstance(self.seed, bool) or not isinstance(self.seed, int) or not 0 <= self.seed < 2**64:
            raise InputError(f"scene: seed is {self.seed!r}; give a whole number in 0 .. 2^64 - 1")
        if not 0.5 < self.duration_s * self.sample_rate < 2**62:
            raise InputError(
                f"scene: {self.duration_s:g} s at {self.sample_rate:g} Hz is no possible number of samples; "
                "give a duration of seconds to hours"
            )
        named = tuple(
            tag if tag.tag_id else replace(tag, tag_id=f"tag-{number}")
            for number, tag in enumerate(self.tags, 1)
        )
        names = [tag.tag_id for tag in named]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise InputError(f"scene: two tags have the id {twice[0]!r}; give each its own")
        for tag in named:
            check_band(tag, self.sample_rate, self.duration_s)
        object.__setattr__(self, "tags", named)
        object.__setattr__(self, "disturbances", tuple(self.disturbances))

    @property
    def sample_count(self) -> int:
        """Samples of the whole scene."""
        return round(self.duration_s * self.sample_rate)

    @property
    def frame(self) -> SceneFrame:
        """What stages must know."""
        return SceneFrame(self.sample_rate, self.sample_count, self.noise_power)


def scene_pulses(scene: Scene) -> np.ndarray:
    """All pulses of a scene in order of their first sample, an array of `simulated_tag.PULSE`."""
    parts = [
        tag_pulses(
            tag,
            index,
            scene.sample_rate,
            scene.sample_count,
            scene.noise_power,
            (scene.seed, _TAG_STREAM, index),
        )
        for index, tag in enumerate(scene.tags)
    ]
    if not parts:
        return np.zeros(0, PULSE)
    pulses = np.concatenate(parts)
    return pulses[np.argsort(pulses["first"], kind="stable")]


def _stages(scene: Scene) -> dict[str, list[Stage]]:
    stages: dict[str, list[Stage]] = {place: [] for place in PLACES}
    for index, disturbance in enumerate(scene.disturbances):
        rng = np.random.default_rng((scene.seed, _DISTURBANCE_STREAM, index))
        stages[disturbance.place].append(disturbance.stage(scene.frame, rng))
    return stages


def _blocks(scene: Scene, stages: dict[str, list[Stage]], block_samples: int) -> Iterator[np.ndarray]:
    noise = kernel.gaussian_noise(scene.seed)
    level = np.float32(math.sqrt(scene.noise_power))
    pulses = scene_pulses(scene)
    for first in range(0, scene.sample_count, block_samples):
        count = min(block_samples, scene.sample_count - first)
        samples = noise.generate(count) * level
        for stage in stages["noise"]:
            samples = stage(samples, first)
        samples = (samples + render_pulses(pulses, scene.sample_rate, first, count)).astype(np.complex64)
        for stage in stages["air"] + stages["receiver"]:
            samples = stage(samples, first)
        yield samples


def scene_chunks(scene: Scene, chunk_samples: int = _BLOCK_SAMPLES) -> Iterator[np.ndarray]:
    """The samples of a scene, complex64, in chunks; only some blocks are held at a time.

    Equal to the last bit for any `chunk_samples`.

    Raises
    ------
    InputError
        A disturbance does not fit the scene; raised at once, not at the first chunk.
    """
    return rechunk(_blocks(scene, _stages(scene), _BLOCK_SAMPLES), chunk_samples)


def scene_samples(scene: Scene) -> np.ndarray:
    """The samples of a whole scene, complex64 (sample_count,)."""
    return np.concatenate(list(scene_chunks(scene)))


def scene_annotations(scene: Scene) -> list[dict[str, Any]]:
    """The truth: one SigMF annotation a pulse, in order.

    Label is the tag's id; edges are 1 / pulse width apart, absolute if the scene has a centre. What
    SigMF has no field for stands under `sentinel:` as in events; `sentinel:details` has `pulse` (number
    of the pulse within its tag), `start_s` (exact start), `pulse_width_s`, `interval_s`, `en0_db`.
    """
    annotations = []
    for pulse in scene_pulses(scene):
        tag = scene.tags[pulse["tag"]]
        # The frequency in the middle of the pulse is the one an estimator over all of it gives.
        offset_hz = float(pulse["freq_hz"] + pulse["drift_hz_per_s"] * tag.pulse_width_s / 2)
        middle_hz = offset_hz + (scene.center_freq or 0.0)
        annotations.append(
            {
                "core:sample_start": int(pulse["first"]),
                "core:sample_count": int(pulse["count"]),
                "core:freq_lower_edge": middle_hz - tag.bandwidth_hz / 2,
                "core:freq_upper_edge": middle_hz + tag.bandwidth_hz / 2,
                "core:label": tag.tag_id,
                "core:generator": "gr-sentinel simulate",
                "sentinel:detector": "pulse",
                "sentinel:offset_hz": offset_hz,
                "sentinel:bandwidth_hz": tag.bandwidth_hz,
                "sentinel:snr_db": float(pulse["en0_db"]),
                "sentinel:details": {
                    "pulse": int(pulse["number"]),
                    "start_s": float(pulse["start_s"]),
                    "pulse_width_s": tag.pulse_width_s,
                    "interval_s": tag.true_interval_s,
                    "en0_db": float(pulse["en0_db"]),
                },
            }
        )
    return annotations
