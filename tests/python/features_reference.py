# SPDX-License-Identifier: GPL-3.0-or-later
"""Channelizer features in plain NumPy of double precision, from the definitions."""

import numpy as np
from gnuradio.sentinel.core.quantise import dequantise
from gnuradio.sentinel.gnss.snapshots import RECORD_SCALARS

RAILS = {"cu8": (0, 255), "ci8": (-128, 127), "cu16_le": (0, 65535), "ci16_le": (-32768, 32767)}


def values(native, format):
    """Complex samples of full scale 1."""
    if format == "cf32_le":
        return native.astype(complex)
    if format == "cu16_le":
        return ((native - 32767.5) / 32767.5).view(complex)
    return dequantise(native, format).astype(complex)


def block_length(sample_rate, channels, dc_window_s):
    step = 8 * channels
    return -(-max(4096, int(np.ceil(dc_window_s * sample_rate / 256))) // step) * step


def removed_mean(samples, filled, sample_rate, channels, dc_window_s):
    """Mean of the moving window at each sample."""
    block, mean = block_length(sample_rate, channels, dc_window_s), np.zeros(len(samples), complex)
    window = max(1, int(dc_window_s * sample_rate / block)) if dc_window_s else 0
    for begin in range(0, len(samples), block) if window else ():
        part = slice(max(0, begin - (window - 1) * block), begin + block)
        kept = samples[part][~filled[part]]
        mean[begin : begin + block] = kept.mean() if len(kept) else 0
    return mean


def rows_of(samples, taps, channels):
    """Outputs of the filter bank, (rows, channels), ascending frequency."""
    depth = len(taps) // channels
    count = max(0, len(samples) // channels - depth + 1)
    slots = samples[: len(samples) // channels * channels].reshape(-1, channels)
    folded = sum(taps[t * channels : (t + 1) * channels] * slots[t : t + count] for t in range(depth))
    return np.fft.fftshift(np.fft.fft(folded, axis=1), axes=1)


def records(native, format, sample_rate, channels, taps, snapshot, dc_window_s=0.1, filled=None):
    """Records of all snapshots, (T, record_length)."""
    samples = values(native, format)
    filled = np.zeros(len(samples), bool) if filled is None else filled
    clipped = np.zeros(len(samples), bool)
    if format in RAILS:
        clipped = np.isin(native.reshape(-1, 2), RAILS[format]).any(axis=1) & ~filled
    mean = removed_mean(samples, filled, sample_rate, channels, dc_window_s)
    rows = rows_of(np.where(filled, 0, samples - mean), np.asarray(taps, float), channels)
    depth = len(taps) // channels
    dirty = np.concatenate([[0], np.cumsum(filled)])
    begin = channels * np.arange(len(rows))
    good = dirty[begin + depth * channels] == dirty[begin]
    made = []
    for s in range(-(-len(samples) // snapshot)):
        inside = (begin // snapshot == s) & ((begin + depth * channels - 1) // snapshot == s)
        pairs = inside[1:] & inside[:-1] & good[1:] & good[:-1]
        part = slice(s * snapshot, (s + 1) * snapshot)
        made.append(
            record(
                rows[inside & good],
                (rows[1:] * rows[:-1].conj())[pairs],
                mean[part][~filled[part]],
                clipped[part].sum() / max(1, (~filled[part]).sum()) if format in RAILS else np.nan,
                filled[part].mean(),
            )
        )
    return np.array(made)


def record(rows, products, mean, saturated_share, filled_share):
    """One record of the rows of a snapshot."""
    with np.errstate(invalid="ignore", divide="ignore"):
        power = (abs(rows) ** 2).mean(axis=0) if len(rows) else np.zeros(rows.shape[1])
        kurtosis = (abs(rows) ** 4).sum(axis=0) / len(rows) / power**2
        coherence = products.sum(axis=0) / len(products) / power
        share = power / power.sum()
        sums = (abs(rows) ** 2).sum(axis=1)
        scalars = dict(
            entropy=-(share * np.log2(share)).sum(),
            row_kurtosis=(sums**2).sum() / len(rows) / (sums.sum() / len(rows)) ** 2,
            rows=len(rows),
            saturated_share=saturated_share,
            filled_share=filled_share,
            lost_samples=0,
            gain_db=np.nan,
            dc_i=mean.real.sum() / max(1, len(mean)),
            dc_q=mean.imag.sum() / max(1, len(mean)),
        )
    return np.concatenate(
        [power, kurtosis, coherence.real, coherence.imag, [scalars[name] for name in RECORD_SCALARS]]
    )
