# SPDX-License-Identifier: GPL-3.0-or-later
import numpy as np
import pytest
from gnuradio import sentinel


def test_moments_of_circular_noise():
    x = sentinel.kernel.gaussian_noise(3).generate(1_000_000)
    # Standard errors at 1e6 samples: power 1e-3, fourth moment 4.5e-3, pseudo-power 1e-3.
    assert np.mean(np.abs(x) ** 2) == pytest.approx(1.0, abs=5e-3)
    assert np.mean(np.abs(x) ** 4) == pytest.approx(2.0, abs=2.5e-2)
    assert abs(np.mean(x**2)) < 5e-3
    assert abs(np.mean(x)) < 5e-3


def test_samples_and_streams_are_independent():
    a = sentinel.kernel.gaussian_noise(1).generate(200_000)
    b = sentinel.kernel.gaussian_noise(2).generate(200_000)
    assert abs(np.vdot(a, b)) / len(a) < 0.012  # 5 standard errors
    assert abs(np.vdot(a[1:], a[:-1])) / len(a) < 0.012


def test_seed_decides_and_chunks_do_not():
    whole = sentinel.kernel.gaussian_noise(7).generate(1000)
    parts = sentinel.kernel.gaussian_noise(7)
    assert np.array_equal(whole, np.concatenate([parts.generate(n) for n in (1, 7, 992)]))
