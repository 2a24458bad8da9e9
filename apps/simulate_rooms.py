# SPDX-License-Identifier: GPL-3.0-or-later
"""What `sentinel simulate` must know of each room: options, samples, truth."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from gnuradio.sentinel.gnss.simulation import scene as gnss_scene
from gnuradio.sentinel.pulse import simulate as pulse_scene

from . import simulate_gnss, simulate_nmea, simulate_pulse
from .live_programme import Programme
from .live_repeats import RepeatedScene

_PULSE_CHUNK_SAMPLES = 1 << 18


@dataclass(frozen=True)
class Room:
    """One kind of scene.

    Attributes
    ----------
    title : str
    add_arguments, scene_of : callables
        Of parser and arguments.
    default_datatype : str
    chunks : callable
        Of scene and datatype: complex64, or integers of shape (count, 2).
    annotations : callable
        Of scene.
    captures : callable
        Of scene: what stands in SigMF captures beside frequency and time.
    summary : callable
        Of scene, annotations, name of the output and datatype.
    programme : callable
        Of scene, loop and endless: what is sent live.
    write_beside : callable
        Of scene and arguments: writes what else was asked for, and gives a line on it, or None.
    """

    title: str
    add_arguments: Callable[[argparse.ArgumentParser], None]
    scene_of: Callable[[argparse.Namespace], Any]
    default_datatype: str
    chunks: Callable[[Any, str], Iterator[np.ndarray]]
    annotations: Callable[[Any], list[dict[str, Any]]]
    captures: Callable[[Any], list[dict[str, Any]]]
    summary: Callable[[Any, list[dict[str, Any]], str, str], str]
    programme: Callable[[Any, bool, bool], Any]
    write_beside: Callable[[Any, argparse.Namespace], str | None] = lambda scene, arguments: None


ROOMS = {
    "pulse": Room(
        title="tags that send periodic pulses",
        add_arguments=simulate_pulse.add_arguments,
        scene_of=simulate_pulse.scene_of,
        default_datatype="cf32_le",
        chunks=lambda scene, datatype: pulse_scene.scene_chunks(scene, _PULSE_CHUNK_SAMPLES),
        annotations=pulse_scene.scene_annotations,
        captures=lambda scene: [],
        summary=simulate_pulse.summary,
        programme=Programme,
    ),
    "gnss": Room(
        title="interference on a satellite navigation band",
        add_arguments=simulate_gnss.add_arguments,
        scene_of=simulate_gnss.scene_of,
        default_datatype=simulate_gnss.DEFAULT_DATATYPE,
        chunks=gnss_scene.scene_chunks,
        annotations=gnss_scene.scene_annotations,
        captures=gnss_scene.scene_captures,
        summary=lambda scene, annotations, out, datatype: simulate_gnss.summary(scene, out, datatype),
        programme=RepeatedScene,
        write_beside=simulate_nmea.write,
    ),
}
