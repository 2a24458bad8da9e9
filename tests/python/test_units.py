# SPDX-License-Identifier: GPL-3.0-or-later
import pytest
from gnuradio.sentinel.core.errors import InputError
from gnuradio.sentinel.core.units import format_frequency, parse_frequency, parse_rate
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("text", "hz"),
    [
        ("146M", 146e6),
        ("2.56e6", 2.56e6),
        ("3840", 3840.0),
        ("150.5k", 150500.0),
        ("150.3K", 150300.0),
        ("1.2G", 1.2e9),
        ("1.57542 GHz", 1575.42e6),
        (" 146.2 mhz ".replace("m", "M"), 146.2e6),
        ("-12.5k", -12500.0),
        (".5M", 5e5),
        ("1e3k", 1e6),
        ("0", 0.0),
        (48000, 48000.0),
        (2.5, 2.5),
    ],
)
def test_frequencies_as_people_write_them(text, hz):
    assert parse_frequency(text) == hz  # exactly: 150.3k must be the double nearest to 150300


@pytest.mark.parametrize(
    ("text", "remedy"),
    [
        ("146m", "capital M"),
        ("150,5k", "point"),
        ("", "write a number"),
        ("fast", "write a number"),
        ("nan", "write a number"),
        ("1_000", "write a number"),
        ("1e999", "not finite"),
        ("٣k", "write a number"),  # digits of another script: float() would take them
        (None, "not a number"),
        (True, "not a number"),
        (float("inf"), "not finite"),
    ],
)
def test_nonsense_is_refused_with_a_remedy(text, remedy):
    with pytest.raises(InputError, match=remedy) as caught:
        parse_frequency(text, "--center-freq")
    assert str(caught.value).startswith("--center-freq ")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["0", "-1", "-2.4M"])
def test_a_rate_is_above_zero(text):
    with pytest.raises(InputError, match="above 0"):
        parse_rate(text)


def test_a_rate_has_the_same_grammar():
    assert parse_rate("2.4M") == 2.4e6


@given(st.integers(min_value=-10_000_000_000, max_value=10_000_000_000))
def test_formatting_can_be_read_back(hz):
    # Ten digits resolve 1 Hz up to 10 GHz.
    assert parse_frequency(format_frequency(hz)) == hz


def test_formatting_chooses_the_prefix():
    assert format_frequency(146e6) == "146 MHz"
    assert format_frequency(-12500) == "-12.5 kHz"
    assert format_frequency(3) == "3 Hz"
