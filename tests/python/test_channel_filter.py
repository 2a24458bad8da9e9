# SPDX-License-Identifier: GPL-3.0-or-later
import numpy as np
import pytest
from gnuradio.sentinel.core.channel_filter import channel_taps, design_channel_filter
from gnuradio.sentinel.core.errors import InputError
from scipy.signal import freqz


def gain_db(taps, sample_rate, low, high):
    frequencies = np.linspace(low, high, 20_000)
    return 20 * np.log10(np.abs(freqz(taps.astype(float), worN=frequencies, fs=sample_rate)[1]) + 1e-12)


@pytest.mark.parametrize(
    "sample_rate, decimation, length",
    [(250e3, 65, 1475), (768e3, 200, 4533), (2.4e6, 625, 14163), (7680.0, 2, 53)],
)
def test_pulse_channel_is_flat_and_free_of_aliases(sample_rate, decimation, length):
    taps = channel_taps(sample_rate, decimation)
    channel_rate = sample_rate / decimation
    assert channel_rate >= 3840
    kept = 0.42 * channel_rate
    passed = gain_db(taps, sample_rate, 0, kept)
    # Achieved: within +-0.010 dB in the band, -60.0 to -60.4 dB beyond it.
    assert np.max(np.abs(passed)) < 0.015
    # All that folds into the kept band lies at or above channel_rate - kept.
    stopped = [channel_rate - kept, min(sample_rate / 2, 8 * channel_rate)]
    assert np.max(gain_db(taps, sample_rate, *stopped)) < -60.0
    assert len(taps) == length
    assert np.array_equal(taps, taps[::-1])
    assert np.sum(taps.astype(float)) == pytest.approx(1.0, abs=1e-6)


def test_attenuation_is_reached():
    for attenuation in (25, 40, 60, 80, 110):
        taps = design_channel_filter(1000.0, 10, 30, 60, attenuation)
        assert np.max(gain_db(taps, 1000.0, 60, 500)) < -attenuation + 0.05


def test_no_taps_at_the_right_rate():
    assert len(channel_taps(3840.0, 1)) == 0


@pytest.mark.parametrize(
    "edges, attenuation, message",
    [
        ((60, 30), 60, "must rise"),
        ((30, 600), 60, "half the sample rate"),
        ((45, 60), 60, "alias"),
        ((30, 60), 10, "21"),
    ],
)
def test_impossible_designs_are_named(edges, attenuation, message):
    with pytest.raises(InputError, match=message):
        design_channel_filter(1000.0, 10, *edges, attenuation)
