# SPDX-License-Identifier: GPL-3.0-or-later
"""Spectrograms of recordings with what was found on them."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from gnuradio.sentinel import kernel
from scipy.fft import fft, fftshift

from .errors import InputError, OutputError
from .event import Event
from .inputs import InputSpec
from .recording import open_recording
from .recording_model import Recording

_CHUNK_BLOCKS = 256


@dataclass(frozen=True)
class Spectrogram:
    """Power over time and frequency.

    Attributes
    ----------
    power_db : numpy.ndarray
        (columns, rows) dB; the strongest of the spectra that fall on a column, rows ascending in frequency.
    start_s, duration_s : float
        Time span, from the first sample of the recording.
    sample_rate, center_freq : float, float or None
        Hz.
    """

    power_db: np.ndarray
    start_s: float
    duration_s: float
    sample_rate: float
    center_freq: float | None


def spectrogram_of_samples(samples: np.ndarray, size: int, columns: int) -> np.ndarray:
    """Strongest power of each row among the spectra of a column, (columns, size) in linear units."""
    blocks = len(samples) // size
    spectra = samples[: blocks * size].reshape(blocks, size) * np.hanning(size).astype(np.float32)
    power = np.abs(fftshift(fft(spectra, axis=1), axes=1)) ** 2
    edges = np.linspace(0, blocks, min(columns, blocks) + 1).astype(int)
    return np.maximum.reduceat(power, edges[:-1], axis=0)


def spectrogram_of_recording(
    spec: InputSpec, columns: int = 1000, least_width_s: float = 0.012
) -> Spectrogram:
    """Read a recording in pieces; memory does not grow with its length.

    Parameters
    ----------
    spec : InputSpec
        A recording and the part of it to draw.
    columns : int
        Width in pixels.
    least_width_s : float
        Length of one spectrum; about the shortest signal of interest.

    Raises
    ------
    InputError
        The input is no recording, or it cannot be read.
    """
    if spec.live or spec.kind == "stdin":
        raise InputError(f"{spec.text}: --plot needs a recording, which can be read a second time")
    recording = open_recording(
        spec.target,
        sample_rate=spec.sample_rate,
        fmt=spec.format,
        center_freq=spec.center_freq_hz,
        channel=spec.channel,
    )
    region = recording.region(spec.start_s, spec.duration_s)
    size = int(2 ** np.clip(round(math.log2(recording.sample_rate * least_width_s)), 5, 11))
    blocks = max(1, region.sample_count // size)
    columns = min(columns, blocks)
    power = np.zeros((columns, size))
    for first, samples in _pieces(recording, region.sample_start, region.sample_count, size):
        piece = spectrogram_of_samples(samples, size, len(samples) // size)
        place = (first // size + np.arange(len(piece))) * columns // blocks
        np.maximum.at(power, np.minimum(place, columns - 1), piece)
    return Spectrogram(
        10 * np.log10(power + 1e-20),
        region.sample_start / recording.sample_rate,
        region.sample_count / recording.sample_rate,
        recording.sample_rate,
        recording.center_freq_hz,
    )


def _pieces(recording: Recording, start: int, count: int, size: int):
    frame = recording.bytes_per_frame
    with recording.path.open("rb") as stream:
        stream.seek(recording.byte_offset + start * frame)
        done = 0
        while done < count:
            raw = np.fromfile(stream, np.uint8, min(count - done, size * _CHUNK_BLOCKS) * frame)
            if len(raw) < size * frame:
                return
            samples, _, _ = kernel.convert_samples(
                raw[: len(raw) // frame * frame], recording.format, recording.channel, recording.channels
            )
            yield done, samples
            done += len(samples)


def plot_events(path: str, spec: InputSpec, events: Sequence[Event]) -> None:
    """Draw the spectrogram of a recording with its events framed, as PNG.

    Raises
    ------
    InputError
        The input cannot be read again.
    OutputError
        The picture cannot be written.
    """
    # Debian's copy beside ours makes it warn of 3D axes, which nothing here draws.
    warnings.filterwarnings("ignore", message="Unable to import Axes3D")
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot
    from matplotlib.patches import Rectangle

    picture = spectrogram_of_recording(spec)
    rate = picture.sample_rate
    unit, scale = ("kHz", 1e3) if rate >= 1e4 else ("Hz", 1.0)
    low, high = np.percentile(picture.power_db, [20, 99.9])
    figure, axes = pyplot.subplots(figsize=(11, 5), layout="constrained")
    image = axes.imshow(
        picture.power_db.T,
        aspect="auto",
        origin="lower",
        cmap="viridis",
        vmin=low,
        vmax=max(high, low + 10),
        extent=(
            picture.start_s,
            picture.start_s + picture.duration_s,
            -rate / 2 / scale,
            rate / 2 / scale,
        ),
    )
    for event in events:
        width_hz = max(event.bandwidth_hz, rate / 60)
        frame = Rectangle(
            (event.sample_start / rate, (event.offset_hz - width_hz) / scale),
            event.duration_s,
            2 * width_hz / scale,
            fill=False,
            color="white",
            linewidth=1.0,
        )
        axes.add_patch(frame)
        starts = event.details.get("pulse_starts", [])
        axes.plot(
            [start / rate for start in starts],
            [(event.offset_hz + 1.3 * width_hz) / scale] * len(starts),
            "v",
            color="tab:red",
            markersize=4,
        )
    center = "" if picture.center_freq is None else f" from {picture.center_freq / 1e6:.6f} MHz"
    axes.set(xlabel="Time (s)", ylabel=f"Frequency{center} ({unit})", title=f"{len(events)} events")
    figure.colorbar(image, label="Power (dB)")
    try:
        figure.savefig(path, dpi=110)
    except OSError as error:
        raise OutputError(f"{path}: {error.strerror or error}; the picture was not written") from error
    finally:
        pyplot.close(figure)
