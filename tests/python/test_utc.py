# SPDX-License-Identifier: GPL-3.0-or-later
import pytest
from event_strategies import TIMES
from gnuradio.sentinel.core import utc
from hypothesis import given
from hypothesis import strategies as st


@given(TIMES)
def test_rx_time_is_lossless(text):
    assert utc.text_from_rx_time(*utc.rx_time_from_text(text)) == text


def test_known_instants():
    assert utc.text_from_rx_time(0) == "1970-01-01T00:00:00.000000Z"
    assert utc.text_from_rx_time(2**32, 0.25) == "2106-02-07T06:28:16.250000Z"
    # A fraction that rounds up to a whole second carries.
    assert utc.text_from_rx_time(59, 0.9999999) == "1970-01-01T00:01:00.000000Z"
    assert utc.rx_time_from_text("2026-07-01T12:00:00.000001Z") == (1782907200, 1e-6)


@given(st.integers(min_value=0, max_value=2**45), st.sampled_from([3840, 2_400_000, 2_560_000, 61_440_000]))
def test_distance_in_samples_is_exact_to_a_microsecond(samples, rate_hz):
    start = "2026-07-01T12:00:00.000000Z"
    distance = utc.microseconds_from_text(utc.add_samples(start, samples, float(rate_hz)))
    distance -= utc.microseconds_from_text(start)
    assert abs(distance * rate_hz - samples * 1_000_000) <= 0.5 * rate_hz  # half a microsecond, in integers


def test_a_rate_with_a_fraction_of_hertz():
    assert utc.add_samples("2026-07-01T12:00:00.000000Z", 5, 2.5) == "2026-07-01T12:00:02.000000Z"


@pytest.mark.parametrize("text", ["2026-07-01", "2026-13-01T00:00:00.000000Z", "1969-12-31T23:59:59.999999Z"])
def test_other_text_is_refused(text):
    with pytest.raises(ValueError, match=text):
        utc.microseconds_from_text(text)


@pytest.mark.parametrize("seconds", [-1, 253402300800])
def test_instants_without_text_are_refused(seconds):
    with pytest.raises(ValueError, match="1970"):
        utc.text_from_rx_time(seconds)
