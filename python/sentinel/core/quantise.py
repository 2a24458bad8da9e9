# SPDX-License-Identifier: GPL-3.0-or-later
"""Complex samples as the components a file holds, and back."""

import numpy as np

from .errors import InputError

# Middle and full scale of a component, as the reading kernel has them.
_INTEGERS = {"cu8": (np.uint8, 127.5, 127.5), "ci8": (np.int8, 0.0, 127.0), "ci16_le": ("<i2", 0.0, 32767.0)}


def quantise(samples: np.ndarray, datatype: str) -> np.ndarray:
    """Components of complex samples in a file's type, rounded to nearest and clipped at the rails.

    Parameters
    ----------
    samples : complex array, shape (count,)
        Full scale 1.
    datatype : str
        cu8, ci8, ci16_le or cf32_le.

    Returns
    -------
    array, shape (2 * count,)
        I and Q interleaved.
    """
    parts = np.ascontiguousarray(samples, np.complex64).view(np.float32)
    if datatype == "cf32_le":
        return parts.astype("<f4", copy=False)
    if datatype not in _INTEGERS:
        raise InputError(f"datatype {datatype!r} is not written; use cu8, ci8, ci16_le or cf32_le")
    if not np.isfinite(parts).all():
        raise InputError(f"samples that are not finite cannot be written as {datatype}; use cf32_le")
    dtype, middle, scale = _INTEGERS[datatype]
    rails = np.iinfo(dtype)
    codes = np.rint(parts.astype(np.float64) * scale + middle)
    return np.clip(codes, rails.min, rails.max).astype(dtype)


def dequantise(components: np.ndarray, datatype: str) -> np.ndarray:
    """Complex samples, full scale 1, of what `quantise` returns: shape (count,) from (2 * count,)."""
    if datatype == "cf32_le":
        return components.astype(np.float32, copy=False).view(np.complex64)
    _, middle, scale = _INTEGERS[datatype]
    return ((components.astype(np.float64) - middle) / scale).astype(np.float32).view(np.complex64)
