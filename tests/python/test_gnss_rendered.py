# SPDX-License-Identifier: GPL-3.0-or-later
"""The detector on short rendered signals, from bytes to events: what drawn snapshots cannot show."""

import numpy as np
import pytest
from gnuradio.sentinel.gnss.detect import detect
from gnuradio.sentinel.gnss.learned import ClassModel, DetectionModel
from gnuradio.sentinel.gnss.simulation.parameters import check_parameters
from gnuradio.sentinel.gnss.simulation.receiver_model import Receiver
from gnuradio.sentinel.gnss.simulation.session import Interval, Session

RATE = 2.56e6


@pytest.fixture(scope="module")
def models():
    return {"detection_model": DetectionModel(), "class_model": ClassModel()}


def found_in(models, receiver=None, interval=None, datatype="cu8", duration_s=3.5, start=0, **settings):
    """What is found in a session with at most one interval, in snapshots of 0.1 s."""
    session = Session(
        duration_s, receiver or Receiver(noise_lsb=8.0), (interval,) if interval else (), seed=11
    )
    samples = np.concatenate([part for part, _ in session.chunks(datatype)])
    keys = {"snapshot_s": 0.1, "learn_s": 1.0, "hold_s": 0.5, "gain_is": "fixed"} | settings
    return detect(samples, RATE, **keys, **models)


def interval(family, jn_db, start=2.0, stop=3.0, **given):
    return Interval(start, stop, family, check_parameters(family, given), jn_db, 3)


def test_a_carrier_5_khz_from_the_centre_alarms_and_dc_alone_does_not(models):
    receiver = Receiver(noise_lsb=8.0, dc_i_lsb=3.0, dc_q_lsb=-2.0)
    assert not found_in(models, receiver).events
    result = found_in(models, receiver, interval("cw", -5.0, offset_hz=5e3))
    (event,) = result.events
    assert event.sample_start == pytest.approx(2.0 * RATE, abs=0.1 * RATE)
    assert 0.9 <= event.duration_s <= 1.6 and abs(event.offset_hz) <= 40e3


def test_a_sloped_passband_with_birdies_alone_does_not_alarm(models):
    receiver = Receiver(noise_lsb=6.0, tilt_db=3.0, ripple_db=1.0, rolloff_db=3.0)
    assert not found_in(models, receiver).events


@pytest.mark.parametrize("family", ["chirp", "slow_chirp", "pulsed_noise", "dme"])
def test_structured_families(models, family):
    (event,) = found_in(models, None, interval(family, 5.0)).events
    assert event.sample_start == pytest.approx(2.0 * RATE, abs=0.2 * RATE)


def test_clipping_is_flagged(models):
    (event,) = found_in(models, None, interval("cw", 27.0, offset_hz=300e3)).events
    assert "clipped" in event.flags and event.details["saturated_share"] > 0.3
    (event,) = found_in(models, None, interval("cw", 5.0, offset_hz=300e3)).events
    assert "clipped" not in event.flags


@pytest.mark.parametrize("channels", [32, 128])
def test_other_numbers_of_channels(models, channels):
    result = found_in(models, None, interval("cw", -5.0, offset_hz=300e3), channels=channels)
    (event,) = result.events
    assert result.snapshots.channels == channels
    assert event.offset_hz == pytest.approx(300e3, abs=RATE / channels)


def test_complex_samples_and_a_short_last_snapshot(models):
    result = found_in(
        models, None, interval("cw", 0.0, offset_hz=-500e3), datatype="cf32_le", duration_s=3.375
    )
    assert len(result.decisions) == 34 and result.decisions[-1].sample_count == 0.075 * RATE
    assert result.decisions[-1].decided and len(result.events) == 1
    assert "clipping_unknown" in result.events[0].flags


def test_noise_at_half_a_step_of_the_converter_raises_no_alarm(models):
    assert not found_in(models, Receiver(noise_lsb=0.5)).events
