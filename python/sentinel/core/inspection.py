# SPDX-License-Identifier: GPL-3.0-or-later
"""What a recording is: rate, length, level, clipping, gaps, lines, and which rooms fit it."""

import json
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass

import numpy as np

from .. import kernel
from .errors import InputError
from .recording_model import Recording
from .spectrum_lines import find_lines, hann_power
from .units import format_frequency

#: A room's answer to (sample rate in Hz, length in s): whether it fits, and why.
RoomCheck = Callable[[float, float], tuple[bool, str]]

_CHUNK_SAMPLES = 1 << 18
_SPECTRUM_SIZE = 4096
# A spectrum of so many samples, spread over the recording, is smooth to 0.07 dB.
_SPECTRUM_SAMPLES = 1 << 24
# Noise averaged over n pieces exceeds its median by this in one of 4096 bins with n = 16 in 1e-5.
_LINE_LEAST_DB = 6.0


@dataclass(frozen=True)
class Gap:
    """A place where the clock of the captures jumps: samples are missing (or, negative, doubled)."""

    sample: int
    seconds: float


@dataclass(frozen=True)
class RecordingInfo:
    """What `inspect_recording` found. Levels are in dB of full scale, a tone of amplitude 1 being 0 dBFS.

    Attributes
    ----------
    level_dbfs, peak_dbfs : float or None
        Mean power, and the largest |I| or |Q|; None for silence.
    dc_offset : tuple of float
        Mean of I and of Q, full scale 1.
    clipped_share : float or None
        Share of samples at a rail; None where the type does not show it.
    lines : tuple of (float, float)
        Offset from the centre in Hz, and dB over the median of the spectrum; strongest first.
    line_width_hz : float
        Bin width of that spectrum.
    gaps : tuple of Gap
        From the times in the metadata.
    rooms : dict of str to (bool, str)
        Which rooms can work on it, and why or why not.
    """

    name: str
    format: str
    channel: int
    channels: int
    sample_rate: float
    sample_count: int
    duration_s: float
    center_freq_hz: float | None
    start_time: str | None
    accounting: str
    level_dbfs: float | None
    peak_dbfs: float | None
    dc_offset: tuple[float, float]
    clipped_share: float | None
    nonfinite_count: int
    lines: tuple[tuple[float, float], ...]
    line_width_hz: float
    gaps: tuple[Gap, ...]
    annotation_count: int
    rooms: dict[str, tuple[bool, str]]
    warnings: tuple[str, ...]

    def to_json(self) -> str:
        """One line of JSON; all numbers finite."""
        return json.dumps(asdict(self), allow_nan=False)


def pulse_fits(
    sample_rate: float, duration_s: float, interval_s: float = 2.0, pulses: int = 5
) -> tuple[bool, str]:
    """Whether the pulse room can work: at least 1 kHz, and one cycle of `pulses` intervals."""
    cycle_s = interval_s * pulses
    if sample_rate < 1000:
        return False, f"its rate of {sample_rate:g} Hz is below the 1 kHz it needs"
    if duration_s < cycle_s:
        return False, (
            f"its {duration_s:.3g} s are shorter than one cycle of {pulses} pulses {interval_s:g} s apart; "
            f"fits intervals up to {duration_s / pulses:.3g} s"
        )
    return True, f"{int(duration_s / cycle_s)} cycles of {pulses} pulses {interval_s:g} s apart"


ROOMS: Mapping[str, RoomCheck] = {"pulse": pulse_fits}


def inspect_recording(
    recording: Recording,
    rooms: Mapping[str, RoomCheck] = ROOMS,
    line_count: int = 5,
    progress: Callable[[int], None] | None = None,
) -> RecordingInfo:
    """Read a recording once, in chunks, and describe it.

    Parameters
    ----------
    recording : Recording
        From `open_recording`.
    rooms : mapping of str to RoomCheck
        The rooms to ask.
    line_count : int
        How many spectral lines to report at most.
    progress : callable, optional
        Called with the number of samples of each chunk that is done.

    Raises
    ------
    InputError
        For standard input, which can be read only once, and for a file that cannot be read to its end.
    """
    if recording.path is None or recording.sample_count is None:
        raise InputError("-: standard input cannot be inspected and kept; save it to a file first")
    size = _spectrum_size(recording.sample_count)
    window = np.hanning(size + 1)[:-1]
    spectrum = np.zeros(size)
    every = max(1, recording.sample_count // _SPECTRUM_SAMPLES)
    power, total, peak, clipped, nonfinite = 0.0, 0j, 0.0, 0, 0
    for number, (samples, chunk_clipped, chunk_nonfinite) in enumerate(_chunks(recording)):
        parts = samples.view(np.float32)
        wide = parts.astype(np.float64)
        power += float(wide @ wide)
        total += complex(wide[0::2].sum(), wide[1::2].sum())
        peak = max(peak, float(np.abs(parts).max()))
        clipped += chunk_clipped
        nonfinite += chunk_nonfinite
        if number % every == 0:
            spectrum += hann_power(samples, window)
        if progress is not None:
            progress(len(samples))
    count = recording.sample_count
    return RecordingInfo(
        name=recording.name,
        format=recording.format,
        channel=recording.channel,
        channels=recording.channels,
        sample_rate=recording.sample_rate,
        sample_count=count,
        duration_s=recording.duration_s,
        center_freq_hz=recording.center_freq_hz,
        start_time=recording.start_time,
        accounting=recording.accounting,
        level_dbfs=_decibel(power / count, 10),
        peak_dbfs=_decibel(peak, 20),
        dc_offset=(total.real / count, total.imag / count),
        clipped_share=clipped / count if kernel.clipping_is_known(recording.format) else None,
        nonfinite_count=nonfinite,
        lines=tuple(find_lines(spectrum, recording.sample_rate, line_count, _LINE_LEAST_DB)),
        line_width_hz=recording.sample_rate / size,
        gaps=find_gaps(recording),
        annotation_count=len(recording.annotations),
        rooms={name: fits(recording.sample_rate, recording.duration_s) for name, fits in rooms.items()},
        warnings=recording.warnings,
    )


def find_gaps(recording: Recording) -> tuple[Gap, ...]:
    """Jumps of the clock between captures, where both have a time."""
    gaps = []
    for before, after in zip(recording.captures, recording.captures[1:], strict=False):
        if before.time_ns is None or after.time_ns is None:
            continue
        expected_s = (after.sample_start - before.sample_start) / recording.sample_rate
        seconds = (after.time_ns - before.time_ns) / 1e9 - expected_s
        resolution_s = max(before.time_resolution_ns, after.time_resolution_ns) / 1e9
        if abs(seconds) > max(resolution_s, 1 / recording.sample_rate):
            gaps.append(Gap(after.sample_start, seconds))
    return tuple(gaps)


def format_info(info: RecordingInfo) -> str:
    """Lines for people on a terminal."""
    clipped = "not known for this format" if info.clipped_share is None else f"{info.clipped_share:.3%}"
    center = "not known" if info.center_freq_hz is None else format_frequency(info.center_freq_hz)
    channel = f", channel {info.channel} of {info.channels}" if info.channels > 1 else ""
    rows = [
        ("recording", info.name),
        ("format", info.format + channel),
        ("rate", format_frequency(info.sample_rate)),
        ("length", f"{info.duration_s:.6g} s ({info.sample_count} samples)"),
        ("centre", center),
        ("start", info.start_time or "not known"),
        ("level", f"{_show_db(info.level_dbfs)} rms, {_show_db(info.peak_dbfs)} peak"),
        ("DC offset", f"I {info.dc_offset[0]:+.5f}, Q {info.dc_offset[1]:+.5f}"),
        ("clipped", clipped),
        ("not finite", f"{info.nonfinite_count} samples"),
        ("annotations", str(info.annotation_count)),
    ]
    rows += [("line", f"{offset:+.1f} Hz, {db:.1f} dB over the median") for offset, db in info.lines]
    rows += [("gap", f"{gap.seconds:+.6f} s in front of sample {gap.sample}") for gap in info.gaps]
    rows += [
        (f"room {name}", f"{'fits' if fits else 'does not fit'}: {why}")
        for name, (fits, why) in info.rooms.items()
    ]
    rows += [("warning", text) for text in info.warnings]
    return "\n".join(f"{label:<12} {text}" for label, text in rows)


def _chunks(recording: Recording) -> Iterator[tuple[np.ndarray, int, int]]:
    """Samples of the whole recording, with the clipped and non-finite of each chunk."""
    frame = recording.bytes_per_frame
    left = recording.sample_count
    with recording.path.open("rb") as stream:
        stream.seek(recording.byte_offset)
        while left > 0:
            raw = np.fromfile(stream, np.uint8, min(left, _CHUNK_SAMPLES) * frame)
            raw = raw[: len(raw) // frame * frame]
            if not len(raw):
                place = recording.sample_count - left
                raise InputError(f"{recording.path}: ended at sample {place} while being read; copy it first")
            yield kernel.convert_samples(raw, recording.format, recording.channel, recording.channels)
            left -= len(raw) // frame


def _spectrum_size(sample_count: int) -> int:
    """A power of two that leaves at least 16 pieces to average, or as many as there can be."""
    return int(min(_SPECTRUM_SIZE, max(16, 2 ** int(math.log2(max(sample_count / 16, 1))))))


def _decibel(ratio: float, factor: int) -> float | None:
    return factor * math.log10(ratio) if ratio > 0 else None


def _show_db(level: float | None) -> str:
    return "silence" if level is None else f"{level:.1f} dBFS"
