# SPDX-License-Identifier: GPL-3.0-or-later
"""W-matrix scores against the explicit matrix, NumPy and closed forms."""

import numpy as np
import pulse_reference as reference
import pytest
from gnuradio import sentinel

kernel = sentinel.kernel
HALF_BINS = [0.0, 0.5]


def random_template(rng, window):
    """Magnitudes in 0.3..1, any phase."""
    magnitude = rng.uniform(0.3, 1.0, window)
    return (magnitude * np.exp(2j * np.pi * rng.random(window))).astype(np.complex64)


def template_of(kind, rng, window):
    return np.ones(window, np.complex64) if kind == "rectangular" else random_template(rng, window)


def oracle(samples, template, zetas):
    """W^H FFT(x) of one window, in the order of the kernel's rows: ascending from -fs/2."""
    matrix = kernel.wmatrix(template, zetas)
    scores = matrix.conj().T @ np.fft.fft(samples.astype(np.complex128))
    return np.fft.fftshift(scores)


@pytest.mark.parametrize("window", [58, 61, 75])
@pytest.mark.parametrize("kind", ["rectangular", "complex"])
@pytest.mark.parametrize("zetas", [HALF_BINS, [0.0, 0.25, 0.5, 0.75]], ids=["half", "quarter"])
def test_equals_the_explicit_matrix(window, kind, zetas, rng):
    template = template_of(kind, rng, window)
    samples = reference.noise(rng, window)
    stft = kernel.wmatrix_stft(window, window * len(zetas), template)
    expected = oracle(samples, template, zetas)
    # Single precision: a few rounding errors of 6e-8 on values around sqrt(window).
    assert np.abs(stft(samples, window)[0] - expected).max() < 1e-6 * np.abs(expected).max()


def test_uneven_zetas_answer_their_own_frequencies(rng):
    """The matrix is not bound to a grid: each column is a matched filter at (bin + zeta) / window."""
    window, zetas = 20, [0.1, 0.37, 0.8]
    template = random_template(rng, window).astype(np.complex128)
    samples = reference.noise(rng, window)
    scores = kernel.wmatrix(template, zetas).conj().T @ np.fft.fft(samples)
    frequencies = (np.arange(window)[:, None] + zetas).ravel() / window
    tones = np.exp(-2j * np.pi * frequencies[:, None] * np.arange(window))
    expected = np.sqrt(window) / np.linalg.norm(template) * (tones @ (template.conj() * samples))
    assert np.abs(scores - expected).max() < 1e-12 * np.abs(expected).max()


def test_columns_have_unit_norm(rng):
    matrix = kernel.wmatrix(random_template(rng, 30), HALF_BINS)
    assert matrix.shape == (30, 60)
    assert np.allclose(np.linalg.norm(matrix, axis=0), 1, rtol=1e-12)


@pytest.mark.parametrize("kind", ["rectangular", "complex"])
@pytest.mark.parametrize("rows, hop", [(58, 29), (116, 29), (128, 1), (160, 58)])
def test_equals_numpy_for_any_rows_and_hop(kind, rows, hop, rng):
    template = template_of(kind, rng, 58)
    samples = reference.noise(rng, 400)
    scores = kernel.wmatrix_stft(58, rows, template)(samples, hop)
    expected = reference.stft(samples, 58, hop, rows, template)
    assert scores.shape == expected.shape
    assert np.abs(scores - expected).max() < 1e-6 * np.abs(expected).max()


@pytest.mark.parametrize(
    "offset_hz, grid_hz", [(0.0, 0.0), (500.0, 496.6), (-231.7, -231.7), (-1920.0, -1920.0)]
)
def test_a_tone_reads_its_frequency(offset_hz, grid_hz):
    rate, window = 3840.0, 58
    tone = np.exp(2j * np.pi * offset_hz / rate * np.arange(window)).astype(np.complex64)
    power = np.abs(kernel.wmatrix_stft(window, 2 * window)(tone, 1)[0]) ** 2
    frequencies = (np.arange(2 * window) / (2 * window) - 0.5) * rate
    assert frequencies[power.argmax()] == pytest.approx(grid_hz, abs=0.06)


@pytest.mark.parametrize("kind", ["rectangular", "complex"])
@pytest.mark.parametrize("rows", [58, 128])
def test_white_noise_has_the_same_power_in_every_cell(kind, rows, rng):
    window, variance = 58, 4.0
    samples = np.float32(np.sqrt(variance)) * reference.noise(rng, 3000 * window)
    scores = kernel.wmatrix_stft(window, rows, template_of(kind, rng, window))(samples, window)
    power = np.mean(np.abs(scores) ** 2, axis=0) / (window * variance)
    # A row is the mean of 3000 exponentials, standard error 1.8 %; all are some 58 such rows.
    assert power == pytest.approx(1.0, abs=0.09)
    assert power.mean() == pytest.approx(1.0, abs=0.012)


@pytest.mark.parametrize("kind", ["rectangular", "complex"])
@pytest.mark.parametrize("rows", [58, 116, 128])
def test_recover_inverts(kind, rows, rng):
    samples = reference.noise(rng, 58)
    stft = kernel.wmatrix_stft(58, rows, template_of(kind, rng, 58))
    assert stft.recover(stft(samples, 1)[0]) == pytest.approx(samples, abs=5e-6)


def test_shapes_and_types_are_checked():
    stft = kernel.wmatrix_stft(16, 32)
    assert stft(np.zeros(15, np.complex64), 1).shape == (0, 32)
    assert stft(np.zeros(17, np.complex64), 2).shape == (1, 32)
    with pytest.raises(TypeError):
        stft(np.zeros(20, np.complex128), 1)
    with pytest.raises(ValueError, match="one-dimensional"):
        stft(np.zeros((2, 20), np.complex64), 1)
    with pytest.raises(ValueError, match="hop"):
        stft(np.zeros(20, np.complex64), 0)
    with pytest.raises(ValueError, match="one window"):
        stft.recover(np.zeros(16, np.complex64))
    with pytest.raises(ValueError, match="rows must be even"):
        kernel.wmatrix_stft(58, 57)
