# SPDX-License-Identifier: GPL-3.0-or-later
"""`sentinel demo gnss`: a minute on L1 with four kinds of interference, one of them only a higher level."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from gnuradio.sentinel.core.event import Event
from gnuradio.sentinel.core.inputs import parse_input
from gnuradio.sentinel.core.plotting import plot_events
from gnuradio.sentinel.core.simulate_io import write_sigmf
from gnuradio.sentinel.core.stream import Stream
from gnuradio.sentinel.gnss.config import GnssSettings
from gnuradio.sentinel.gnss.detect import Detection, detect_in
from gnuradio.sentinel.gnss.features import measure
from gnuradio.sentinel.gnss.simulation.receiver_model import Receiver
from gnuradio.sentinel.gnss.simulation.scene import (
    L1_HZ,
    GnssScene,
    scene_annotations,
    scene_captures,
    scene_chunks,
)
from gnuradio.sentinel.gnss.simulation.schedule import demo_schedule
from gnuradio.sentinel.gnss.simulation.session import Interval, Session

from .gnss_console import line_of
from .terminal import shades, unicode_terminal

SECONDS = 60.0
SEED = 4


def show(folder: Path) -> int:
    """Show the demo, with its files in `folder`, and return the exit code: 1 if something was missed."""
    intervals, steps = demo_schedule(SECONDS, SEED)
    session = Session(SECONDS, Receiver(drift_db=0.2), intervals, steps, seed=SEED)
    scene = GnssScene(session)
    recording = folder / "demo-gnss.sigmf-meta"
    write_sigmf(
        recording,
        scene_chunks(scene),
        scene.sample_rate,
        scene.center_freq,
        annotations=scene_annotations(scene),
        datatype="cu8",
        captures=scene_captures(scene),
    )
    found = _detect(recording, scene)
    print("A minute at 1575.42 MHz, 2.56 MS/s of 8 bits: four jammers, and at 33 s the gain falls by 3 dB.")
    print("Power of the 64 channels over what the receiver shows when quiet (time runs to the right):\n")
    print("\n".join(raster(found, session.intervals)))
    print("\nWhat the monitor says, at one false alarm per hour:")
    for event in found.events:
        print(f"  {line_of(event)}")
    missed = [part for part in session.intervals if not _named(part, found.events)]
    total = len(session.intervals)
    extra = len(found.events) - (total - len(missed))
    print(f"\n{total - len(missed)} of {total} found and named, {extra} besides.")
    picture = folder / "demo-gnss.png"
    plot_events(str(picture), parse_input(str(recording)), list(found.events))
    print(f"\nPicture: {picture.resolve()}")
    command = "./sentinel" if Path("sentinel").is_file() else "sentinel"
    print("\nTry next:")
    print(f"  {command} gnss {recording} --features out/features.parquet")
    print(f"  {command} simulate gnss --family dme --jn -5 --seconds 30 --out out/dme.sigmf-meta")
    return 0 if not missed and not extra else 1


def _detect(recording: Path, scene: GnssScene) -> Detection:
    """From the recording's bytes, with the gain that its captures tell."""
    data = np.fromfile(recording.with_suffix(".sigmf-data"), np.uint8)
    snapshots = measure(data, scene.sample_rate, center_freq=L1_HZ)
    session = scene.session
    ends = snapshots.sample_start + snapshots.sample_count - 1
    snapshots.gain_db[:] = [session.receiver.gain_db + session.gain_change_db(int(end)) for end in ends]
    return detect_in(snapshots, GnssSettings(), Stream("demo", "demo", "exact"))


def _named(part: Interval, events: tuple[Event, ...]) -> bool:
    rate = events[0].sample_rate if events else 1.0
    return any(
        event.label == part.family and abs(event.sample_start / rate - part.start_s) <= 2 for event in events
    )


def raster(found: Detection, intervals: tuple[Interval, ...], rows: int = 16) -> list[str]:
    """Lines of a picture of the channels' powers, a column per second, and what was really there below."""
    blocks = shades()
    power = found.snapshots.power
    level = (
        10 * np.log10(power / np.median(power[:8], axis=0))
        - (found.snapshots.gain_db - found.snapshots.gain_db[0])[:, None]
    )
    level = level.reshape(len(level), rows, -1).max(axis=2)
    shade = np.clip(level / 12 * (len(blocks) - 1), 0, len(blocks) - 1).astype(int)
    spacing = found.snapshots.sample_rate / rows / 1e3
    lines = [
        f"{(row + 0.5 - rows / 2) * spacing:+6.0f} kHz |{''.join(blocks[s] for s in shade[:, row])}|"
        for row in reversed(range(rows))
    ]
    truth = [" "] * len(level)
    for part in intervals:
        mark = f"{'└' if unicode_terminal() else '^'}{part.family}"
        truth[int(part.start_s) : int(part.start_s) + len(mark)] = mark
    return [*lines, f"{'':11}|{''.join(truth)[: len(level) + 12]}"]
