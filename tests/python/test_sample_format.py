# SPDX-License-Identifier: GPL-3.0-or-later
"""The conversion kernel against plain NumPy, on every format and channel layout."""

import numpy as np
import pytest
from gnuradio import sentinel
from hypothesis import given, settings
from hypothesis import strategies as st

# name: (NumPy type of a component, middle, full scale)
FORMATS = {
    "cu8": ("u1", 127.5, 127.5),
    "ci8": ("i1", 0.0, 127.0),
    "cu16_le": ("<u2", 32767.5, 32767.5),
    "ci16_le": ("<i2", 0.0, 32767.0),
    "ci16_be": (">i2", 0.0, 32767.0),
    "cf32_le": ("<f4", 0.0, 1.0),
    "cf32_be": (">f4", 0.0, 1.0),
    "cf64_le": ("<f8", 0.0, 1.0),
}


def reference(raw: bytes, name: str, channel: int, channel_count: int):
    """The same conversion in NumPy: samples, clipped, non-finite."""
    dtype, middle, scale = FORMATS[name]
    parts = np.frombuffer(raw, dtype).reshape(-1, channel_count, 2)[:, channel]
    clipped = 0
    if parts.dtype.kind in "iu":
        rails = np.iinfo(parts.dtype)
        clipped = int(np.any((parts == rails.min) | (parts == rails.max), axis=1).sum())
    with np.errstate(over="ignore", invalid="ignore"):
        values = ((parts.astype(np.float64) - middle) / scale).astype(np.float32)
    bad = ~np.isfinite(values).all(axis=1)
    values[bad] = 0
    return values[:, 0] + 1j * values[:, 1], clipped, int(bad.sum())


@pytest.mark.parametrize("name", FORMATS)
@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), count=st.integers(0, 3000), channel_count=st.integers(1, 3))
def test_random_bytes_agree_with_numpy(name, seed, count, channel_count):
    # Random bits hold rails, NaN, infinities and denormals in their due share.
    size = count * channel_count * sentinel.kernel.bytes_per_sample(name)
    raw = np.random.default_rng(seed).integers(0, 256, size, dtype=np.uint8)
    channel = seed % channel_count
    samples, clipped, nonfinite = sentinel.kernel.convert_samples(raw, name, channel, channel_count)
    expected, expected_clipped, expected_nonfinite = reference(raw.tobytes(), name, channel, channel_count)
    assert samples.dtype == np.complex64
    # One rounding of a float32 division: half a unit in the last place, at most 6e-8 of full scale.
    np.testing.assert_allclose(samples, expected, rtol=1.2e-7, atol=6e-8)
    assert (clipped, nonfinite) == (expected_clipped, expected_nonfinite)


def test_all_codes_of_cu8_are_exact():
    codes = np.arange(256, dtype=np.uint8)
    samples, clipped, _ = sentinel.kernel.convert_samples(np.repeat(codes, 2), "cu8")
    expected = (codes.astype(np.float32) - np.float32(127.5)) / np.float32(127.5)
    assert np.array_equal(samples.real, expected) and np.array_equal(samples.imag, expected)
    assert clipped == 2
    assert np.array_equal(samples, -samples[::-1])  # 127.5 lies between two codes: nothing is 0


@pytest.mark.parametrize(
    ("raw", "options", "message"),
    [
        (np.zeros(3, np.uint8), {"format": "cu8"}, "whole number of 2-byte samples"),
        (np.zeros(4, np.uint8), {"format": "rf32"}, "rf32"),
        (np.zeros(4, np.uint8), {"format": "cu8", "channel": 2, "channel_count": 2}, "channel 2 of 2"),
    ],
)
def test_refusals(raw, options, message):
    with pytest.raises(ValueError, match=message):
        sentinel.kernel.convert_samples(raw, **options)


def test_other_arrays_are_not_copied_silently():
    with pytest.raises(TypeError):
        sentinel.kernel.convert_samples(np.zeros(4, np.int16), "ci16")
