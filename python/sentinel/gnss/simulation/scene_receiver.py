# SPDX-License-Identifier: GPL-3.0-or-later
"""What a satellite receiver at the antenna of a simulated scene goes through, second by second."""

from __future__ import annotations

import math

import numpy as np

from ..receiver.effect import NOMINAL_CN0_DB_HZ, js_from_jn, separation
from .nmea_log import Receiver, ReceiverTruth, receiver_log
from .scene import L1_HZ, GnssScene
from .session import Interval, Session
from .waveforms import make_waveform

#: Over which the spectrum of an interference is measured: 0.4 s at 2.56 MHz, many of its periods.
_SPECTRUM_SAMPLES = 1 << 20
_BINS = 1024


def scene_receiver_log(
    scene: GnssScene, start_time_s: float, receiver: Receiver | None = None
) -> ReceiverTruth:
    """The epochs of a receiver in a scene, one at each whole second of UTC.

    J/S follows from the scene's J/N, and Q from the spectrum that its interference really has. An epoch is
    of the second that begins with it.

    Parameters
    ----------
    scene : GnssScene
    start_time_s : float
        POSIX time of the scene's first sample.
    receiver : Receiver, optional
    """
    session = scene.session
    first_s = math.ceil(start_time_s)
    offset_s = first_s - start_time_s
    seconds = max(1, math.ceil(session.duration_s - offset_s))
    js_db, q = interference_by_second(
        session, offset_s, seconds, L1_HZ - (L1_HZ if scene.center_freq is None else scene.center_freq)
    )
    return receiver_log(seconds, start_time_s=first_s, js_db=js_db, q=q, receiver=receiver or Receiver())


def interference_by_second(
    session: Session, offset_s: float, seconds: int, signal_offset_hz: float = 0.0
) -> tuple[np.ndarray, np.ndarray]:
    """J/S (dB, -inf for none) and Q of each second from `offset_s` on, means over the second.

    Parameters
    ----------
    signal_offset_hz : float
        The satellites' carrier from the centre of the scene.
    """
    starts = offset_s + np.arange(seconds)
    power = np.zeros(seconds)
    harm = np.zeros(seconds)  # power over Q, which is what adds up
    for interval in session.intervals:
        share = np.minimum(starts + 1, interval.stop_s) - np.maximum(starts, interval.start_s)
        part = np.clip(share, 0, 1) * 10 ** (interval.jn_db / 10)
        power += part
        harm += part / _separation(interval, session.sample_rate, signal_offset_hz)
    with np.errstate(divide="ignore", invalid="ignore"):
        js_db = js_from_jn(10 * np.log10(power), NOMINAL_CN0_DB_HZ, session.sample_rate)
        q = np.where(harm > 0, power / harm, 1.0)
    # What does no harm at all, wherever it is.
    return np.where(harm > 0, js_db, -np.inf), q


def _separation(interval: Interval, sample_rate: float, signal_offset_hz: float) -> float:
    waveform = make_waveform(interval.family, interval.parameters, interval.seed, sample_rate)
    spectrum = np.zeros(_BINS)
    window = np.hanning(_BINS)
    for _ in range(_SPECTRUM_SAMPLES // (64 * _BINS)):
        rows = waveform.take(64 * _BINS).reshape(64, _BINS)
        spectrum += (np.abs(np.fft.fft(rows * window)) ** 2).sum(axis=0)
    freqs = (np.arange(_BINS) - _BINS // 2) * (sample_rate / _BINS)
    return float(
        separation(
            freqs - signal_offset_hz,
            np.fft.fftshift(spectrum),
            bin_hz=sample_rate / _BINS,
            front_end_hz=sample_rate,
        )
    )
