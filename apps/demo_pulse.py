# SPDX-License-Identifier: GPL-3.0-or-later
"""`sentinel demo pulse`: a minute's scene with one tag that the eye finds, and one that it does not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from gnuradio.sentinel import kernel
from gnuradio.sentinel.core.calibration_cache import CalibrationCache
from gnuradio.sentinel.core.event import Event
from gnuradio.sentinel.core.inputs import parse_input
from gnuradio.sentinel.core.intervals import poisson_interval
from gnuradio.sentinel.core.plotting import plot_events, spectrogram_of_samples
from gnuradio.sentinel.core.simulate_io import write_sigmf
from gnuradio.sentinel.pulse import PulseSettings, Stream, WatchedTag, detect
from gnuradio.sentinel.pulse.calibration import SEED, threshold_of
from gnuradio.sentinel.pulse.plan import plan_single
from gnuradio.sentinel.pulse.simulate import Scene, scene_annotations, scene_samples
from gnuradio.sentinel.pulse.simulated_tag import SimulatedTag

from .terminal import shades, unicode_terminal

RATE = 3840.0
SECONDS = 60.0
CENTER_FREQ = 146e6
START_TIME = "2026-07-01T04:30:00.000000Z"
LOUD = SimulatedTag(600.0, 2.0, 0.015, 21.0, start_s=0.7, tag_id="loud")
FAINT = SimulatedTag(-850.0, 1.6, 0.015, 9.0, start_s=0.9, tag_id="faint")
#: A stated rate that a demo can count: 1 in 100 cycles.
CHECK_PROBABILITY = 0.01
CHECK_CYCLES = 2000


def show(folder: Path) -> int:
    """Show the demo, with its files in `folder`, and return the exit code: 1 if a tag was missed."""
    scene = Scene(RATE, SECONDS, (LOUD, FAINT), center_freq=CENTER_FREQ, seed=6)
    samples = scene_samples(scene)
    recording = folder / "demo.sigmf-meta"
    write_sigmf(recording, samples, RATE, CENTER_FREQ, START_TIME, scene_annotations(scene), "cf32_le")
    events = _events(samples)

    print("A minute at 146 MHz, 3840 S/s, two wildlife tags of 15 ms pulses in noise.")
    print("One can be seen in the waterfall (time runs to the right), the other cannot:\n")
    print("\n".join(waterfall(samples, events)))
    print()
    found = [_summary(tag, [e for e in events if e.label == tag.tag_id]) for tag in (LOUD, FAINT)]
    print("\n".join(line for line, _ in found))
    print()
    print(_false_alarms())
    picture = folder / "demo.png"
    plot_events(str(picture), parse_input(str(recording)), events)
    print(f"\nPicture: {picture.resolve()}")
    command = "./sentinel" if Path("sentinel").is_file() else "sentinel"
    print("\nTry next:")
    print(f"  {command} pulse {recording} --tip 2.0")
    print(f"  {command} simulate pulse --tag 'freq=500,tip=2,tp=0.015,en0=11' --out out/mine.sigmf-meta")
    print(f"  {command} companion")
    return 0 if all(ok for _, ok in found) else 1


def _events(samples: np.ndarray) -> list[Event]:
    tags = [
        WatchedTag(id=tag.tag_id, freq=tag.freq_hz, interval_s=tag.interval_s, search_hz=400.0)
        for tag in (LOUD, FAINT)
    ]
    found = detect(
        samples,
        RATE,
        tags=tags,
        offsets=True,
        center_freq=CENTER_FREQ,
        start_time=START_TIME,
        stream=Stream("demo", "demo", "exact"),
        interval_s=2.0,
    )
    return list(found.events)


def waterfall(samples: np.ndarray, events: list[Event], columns: int = 72, rows: int = 16) -> list[str]:
    """Lines of a waterfall with marks: `*` where a tag that was found has its frequency."""
    blocks = shades()
    power = spectrogram_of_samples(samples, 64, columns)
    # Rows of the picture take the strongest of the spectrum's rows, as the columns do of the spectra.
    power = power.reshape(len(power), rows, -1).max(axis=2)
    level = 10 * np.log10(power)
    low, high = np.percentile(level, 20), level.max()
    shade = np.clip((level - low) / (high - low) * (len(blocks) - 1), 0, len(blocks) - 1).astype(int)
    lines = []
    for row in reversed(range(rows)):
        low_hz = (row / rows - 0.5) * RATE
        names = sorted({e.label for e in events if low_hz <= e.offset_hz < low_hz + RATE / rows})
        mark = f" {'◀' if unicode_terminal() else '<'} {', '.join(names)}" if names else ""
        text = "".join(blocks[shade[column, row]] for column in range(len(level)))
        lines.append(f"{low_hz + RATE / rows / 2:+6.0f} Hz |{text}|{mark}")
    seconds = f"{0:<{len(level) // 2}}{len(samples) / RATE / 2:<{len(level) - len(level) // 2 - 3}.0f}"
    lines.append(f"{'':9} |{seconds}{len(samples) / RATE:.0f} s|")
    return lines


def _summary(tag: SimulatedTag, events: list[Event]) -> tuple[str, bool]:
    right = [e for e in events if abs(e.offset_hz - tag.freq_hz) < 70]
    sent = f"sent at {tag.freq_hz:+.1f} Hz every {tag.interval_s:g} s, E/N0 {tag.en0_db:.1f} dB"
    if not right:
        return f"  {tag.tag_id:5}  {sent}: NOT found", False
    cycles = int(SECONDS / right[0].details["cycle_s"])
    offset, snr = np.mean([e.offset_hz for e in right]), np.mean([e.snr_db for e in right])
    found = f"found in {len(right)} of {cycles} cycles at {offset:+.1f} Hz, E/N0 {snr:.1f} dB"
    return f"  {tag.tag_id:5}  {sent}: {found}", True


def _false_alarms() -> str:
    group = plan_single(PulseSettings(interval_s=2.0, false_alarm_probability=CHECK_PROBABILITY), RATE)
    watch = group.watches[0]
    threshold = threshold_of(group, watch, CalibrationCache())
    maxima = kernel.pulse_null_maxima(group.geometry(watch), CHECK_CYCLES, SEED + 1)
    alarms = int(np.sum(maxima > threshold))
    low, high = poisson_interval(alarms, CHECK_CYCLES)
    return (
        f"False alarms: stated {CHECK_PROBABILITY:g} per cycle; measured {alarms / CHECK_CYCLES:.4f} "
        f"({alarms} in {CHECK_CYCLES} cycles of noise, 95 % interval {low:.4f} to {high:.4f})"
    )
