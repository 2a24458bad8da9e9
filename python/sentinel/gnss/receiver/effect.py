# SPDX-License-Identifier: GPL-3.0-or-later
"""What interference does to a GNSS receiver: spectral separation, effective C/N0, and both from features.

    (C/N0)_eff = 1 / [ 1/(C/N0) + (I/C) / (Q R_c) ]
    Q = int |H|^2 S_s df / ( R_c int |H|^2 S_s S_i df )

C/N0 in Hz (linear), I/C jammer over signal power, R_c the chip rate, S_s and S_i the spectra of signal and
jammer of unit area, H the front end. Q is a bare number; a low one does more harm. With the noise N = N0 b
of a band b that holds the whole jammer,

    J/N [dB] = J/S [dB] + C/N0 [dB-Hz] - 10 lg b          (64.1 dB for 2.56 MHz)
    (C/N0)_eff = (C/N0) / [ 1 + (J/N) b / (Q R_c) ]

Valid for a receiver that is not saturated; in saturation C/N0 falls faster.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

#: Chips per second of GPS L1 C/A, and what all other rates here are multiples of.
CHIP_RATE = 1.023e6
#: C/N0 of a satellite well above the horizon in a receiver with a patch antenna.
NOMINAL_CN0_DB_HZ = 45.0
#: How much stronger a satellite is at the zenith, through the pattern of a patch antenna.
HORIZON_TO_ZENITH_DB = 12.0
#: Points at which a spectrum is taken within a bin; lobes are 1 MHz wide, bins some 10 kHz.
_POINTS_PER_BIN = 16
_INTEGRATION_POINTS = 1 << 14


def bpsk_spectrum(freqs_hz: ArrayLike, chip_rate: float = CHIP_RATE) -> np.ndarray:
    """Power density of BPSK with rectangular chips, 1/Hz, of unit area over all frequencies."""
    return np.sinc(np.asarray(freqs_hz, float) / chip_rate) ** 2 / chip_rate


def boc_spectrum(freqs_hz: ArrayLike, chip_rate: float = CHIP_RATE) -> np.ndarray:
    """Power density of sine-phased BOC(n, n), 1/Hz, of unit area: two lobes, and nothing at the centre.

    The same as [tan(pi f / 2 R) sin(pi f / R) / (pi f)]^2 R, written without its 0/0.
    """
    half = np.asarray(freqs_hz, float) / (2 * chip_rate)
    return (np.sinc(half) * np.sin(np.pi * half)) ** 2 / chip_rate


#: Spectra by the name of the signal: GPS L1 C/A; the main part of Galileo E1 and GPS L1C.
SIGNALS: dict[str, Callable[[ArrayLike], np.ndarray]] = {"bpsk1": bpsk_spectrum, "boc11": boc_spectrum}


def separation(
    freqs_hz: ArrayLike,
    powers: ArrayLike,
    *,
    bin_hz: float = 0.0,
    signal: str = "bpsk1",
    front_end_hz: float | None = None,
    response: Callable[[np.ndarray], np.ndarray] | None = None,
) -> np.ndarray:
    """Spectral separation coefficient Q of a jammer whose power is known in bins.

    Parameters
    ----------
    freqs_hz : array_like, shape (N,)
        Centres of the bins from the signal's carrier, Hz.
    powers : array_like, shape (..., N)
        Power of the jammer in each bin, any scale; a density on a uniform grid will do.
    bin_hz : float
        Width of a bin over which its power is spread evenly; 0 stands for lines.
    signal : {"bpsk1", "boc11"}
    front_end_hz : float, optional
        Width b of the receiver's front end; None is wide.
    response : callable, optional
        |H|^2 at frequencies in Hz; 1 if left out.

    Returns
    -------
    array, shape (...)
        Inf where the jammer has no power, or none within the front end.

    Raises
    ------
    ValueError
        For another signal, or shapes that do not go together.
    """
    if signal not in SIGNALS:
        raise ValueError(f"signal {signal!r} is unknown; choose one of {', '.join(SIGNALS)}")
    freqs, powers = np.asarray(freqs_hz, float), np.asarray(powers, float)
    if freqs.ndim != 1 or powers.shape[-1:] != freqs.shape:
        raise ValueError(f"powers of shape {powers.shape} do not belong to {freqs.shape} frequencies")
    weight = _weight(signal, front_end_hz, response)
    passed = 1.0
    if front_end_hz is not None or response is not None:
        # Beyond 30 lobes a signal has less than 0.3 % of its power.
        half_hz = 30 * CHIP_RATE if front_end_hz is None else front_end_hz / 2
        step = 2 * half_hz / _INTEGRATION_POINTS
        passed = weight(-half_hz + step * (np.arange(_INTEGRATION_POINTS) + 0.5)).sum() * step
    inside = (np.arange(_POINTS_PER_BIN) + 0.5) / _POINTS_PER_BIN - 0.5 if bin_hz else np.zeros(1)
    density = weight(freqs[:, None] + bin_hz * inside).mean(axis=1)  # |H|^2 S_s of each bin
    total = powers.sum(axis=-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        q = passed * total / (CHIP_RATE * (powers @ density))
    return np.where(np.isnan(q), np.inf, q)


def _weight(
    signal: str, front_end_hz: float | None, response: Callable[[np.ndarray], np.ndarray] | None
) -> Callable[[np.ndarray], np.ndarray]:
    def weight(freqs_hz: np.ndarray) -> np.ndarray:
        density = SIGNALS[signal](freqs_hz)
        if response is not None:
            density = density * response(freqs_hz)
        if front_end_hz is not None:
            # A line on the very edge is still in.
            density = np.where(np.abs(freqs_hz) <= front_end_hz / 2 * (1 + 1e-12), density, 0.0)
        return density

    return weight


def undisturbed_cn0(elevation_deg: ArrayLike) -> np.ndarray:
    """C/N0 in dB-Hz of a satellite in the open at an elevation: 35 at the horizon, 47 at the zenith."""
    sine = np.sin(np.radians(np.clip(np.asarray(elevation_deg, float), 0.0, 90.0)))
    return 35.0 + HORIZON_TO_ZENITH_DB * np.sqrt(sine)


def effective_cn0(cn0_db_hz: ArrayLike, js_db: ArrayLike, q: ArrayLike) -> np.ndarray:
    """Effective C/N0 in dB-Hz under a jammer of `js_db` dB over the signal with separation `q`.

    Arrays broadcast; -inf dB is no jammer.
    """
    noise = 10 ** (-np.asarray(cn0_db_hz, float) / 10)
    jammer = 10 ** (np.asarray(js_db, float) / 10) / (np.asarray(q, float) * CHIP_RATE)
    return -10 * np.log10(noise + jammer)


def jn_from_js(js_db: ArrayLike, cn0_db_hz: ArrayLike, bandwidth_hz: float) -> np.ndarray:
    """J/N in dB within a band from J/S: N is N0 times the band, and C/N0 ties N0 to the signal."""
    return np.asarray(js_db, float) + np.asarray(cn0_db_hz, float) - 10 * np.log10(bandwidth_hz)


def js_from_jn(jn_db: ArrayLike, cn0_db_hz: ArrayLike, bandwidth_hz: float) -> np.ndarray:
    """J/S in dB from J/N in dB within a band."""
    return np.asarray(jn_db, float) - np.asarray(cn0_db_hz, float) + 10 * np.log10(bandwidth_hz)


@dataclass(frozen=True)
class Impact:
    """What a measured jammer would do to a nominal receiver at the same antenna.

    Attributes
    ----------
    jammer_power : array, shape (..., N)
        Excess of each channel over its baseline, full scale squared; never below 0.
    jn_db : array, shape (...)
        J/N in the sampled band; -inf without an excess.
    q : array, shape (...)
        Spectral separation; inf without an excess.
    cn0_db_hz, loss_db : array, shape (...)
        Effective C/N0, and what it is below the nominal one.
    """

    jammer_power: np.ndarray
    jn_db: np.ndarray
    q: np.ndarray
    cn0_db_hz: np.ndarray
    loss_db: np.ndarray


def impact(
    power: ArrayLike,
    baseline_power: ArrayLike,
    sample_rate: float,
    *,
    cn0_db_hz: float = NOMINAL_CN0_DB_HZ,
    signal: str = "bpsk1",
    signal_offset_hz: float = 0.0,
    front_end_hz: float | None = None,
) -> Impact:
    """The effect on a receiver, estimated from channel powers.

    The jammer's total power is the sum of all differences, negative ones too: noise then leaves no
    power in the mean. Its spectrum is what lies above the baseline.

    Parameters
    ----------
    power : array_like, shape (..., N)
        Power of each channel, ascending frequency, DC at N / 2.
    baseline_power : array_like, shape (N,) or (..., N)
        The same without interference, at the same gain.
    sample_rate : float
        Hz; the band that J/N is meant in.
    cn0_db_hz : float
        Of the receiver without interference.
    signal : {"bpsk1", "boc11"}
    signal_offset_hz : float
        The signal's carrier from the centre of the band.
    front_end_hz : float, optional
        Width of the receiver's front end; the sampled band if left out, what lies outside is not seen.

    Raises
    ------
    ValueError
        For shapes that do not go together, or a baseline that is not above 0.
    """
    power, baseline = np.asarray(power, float), np.asarray(baseline_power, float)
    channels = power.shape[-1] if power.ndim else 0
    if channels < 2 or baseline.shape[-1:] != (channels,) or not np.all(baseline > 0):
        raise ValueError(f"baseline of shape {baseline.shape} must be above 0, for powers of {power.shape}")
    difference = power - baseline
    jammer = np.maximum(difference, 0.0)
    total = np.maximum(difference.sum(axis=-1), 0.0)
    freqs = (np.arange(channels) - channels // 2) * (sample_rate / channels) - signal_offset_hz
    q = separation(
        freqs,
        jammer,
        bin_hz=sample_rate / channels,
        signal=signal,
        front_end_hz=sample_rate if front_end_hz is None else front_end_hz,
    )
    q = np.where(total > 0, q, np.inf)
    ratio = total / baseline.sum(axis=-1)
    loss_db = 10 * np.log10(1 + ratio * sample_rate / (q * CHIP_RATE))
    with np.errstate(divide="ignore"):
        jn_db = 10 * np.log10(ratio)
    return Impact(jammer, jn_db, q, cn0_db_hz - loss_db, loss_db)
