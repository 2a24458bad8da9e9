# SPDX-License-Identifier: GPL-3.0-or-later
"""Parameters of interference waveforms: ranges, what is held out, what is refused."""

import numpy as np
import pytest
from gnuradio.sentinel.core.errors import InputError
from gnuradio.sentinel.gnss.families import FAMILIES, HELD_OUT_FAMILY
from gnuradio.sentinel.gnss.simulation.parameters import (
    RANGES,
    Choice,
    Range,
    check_parameters,
    draw_parameters,
    half_width_hz,
    held_out_parameters,
)

ALL = (*FAMILIES, HELD_OUT_FAMILY)


@pytest.mark.parametrize("family", ALL)
def test_ordinary_and_held_out_draws_have_nothing_in_common(family, rng):
    names = held_out_parameters(family)
    assert len(names) == 2
    ordinary = [draw_parameters(family, rng) for _ in range(300)]
    held_out = [draw_parameters(family, rng, held_out=True) for _ in range(100)]
    for name in names:
        limit = RANGES[family][name].limit
        assert max(draw[name] for draw in ordinary) < limit
        # Tones that would not fit into the band are pressed together, still beyond what others have.
        assert min(draw[name] for draw in held_out) >= limit * (1 - 1e-9)


@pytest.mark.parametrize("family", ALL)
def test_draws_fill_their_ranges_and_pass_the_check(family, rng):
    draws = [draw_parameters(family, rng, held_out=k % 4 == 0) for k in range(400)]
    for name, kind in RANGES[family].items():
        values = [draw[name] for draw in draws]
        if isinstance(kind, Choice):
            assert set(values) == set(kind.values)
        elif isinstance(kind, Range):
            assert kind.low <= min(values) and max(values) <= kind.high
            places = (
                [np.log(v / kind.low) / np.log(kind.high / kind.low) for v in values] if kind.log else None
            )
            if places and (family, name) != ("multitone", "spacing_hz"):
                assert min(places) < 0.05 and max(places) > 0.95
    for draw in draws:
        checked = check_parameters(family, draw)
        assert (
            checked == pytest.approx(draw) if not any(isinstance(v, str) for v in draw.values()) else checked
        )


@pytest.mark.parametrize("family", ["cw", "am", "pulsed_cw", "dme"])
def test_carriers_lie_anywhere_and_often_near_the_centre(family, rng):
    offsets = np.asarray([draw_parameters(family, rng)["offset_hz"] for _ in range(1500)])
    near = np.mean(np.abs(offsets) <= 5e3)
    assert 0.07 < near < 0.14
    assert np.all(np.histogram(offsets, bins=8, range=(-1.2032e6, 1.2032e6))[0] > 100)


def test_bands_at_other_rates_are_smaller(rng):
    for _ in range(100):
        draw = draw_parameters("fm", rng, sample_rate=1.2e6)
        assert abs(draw["offset_hz"]) + half_width_hz("fm", draw) <= 0.6e6


def test_what_is_not_given_is_usual_and_texts_are_numbers():
    chirp = check_parameters("chirp", {"period_s": "20e-6", "shape": "DOWN", "coherent": "false"})
    assert (chirp["period_s"], chirp["shape"], chirp["coherent"]) == (20e-6, "down", False)
    assert chirp["bandwidth_hz"] == 20e6 and set(chirp) == set(RANGES["chirp"])
    assert check_parameters("multitone", {"tones": "4"})["tones"] == 4
    assert check_parameters("dme", {"spacing_s": "36e-6"})["spacing_s"] == 36e-6


@pytest.mark.parametrize(
    "family, given, said",
    [
        ("chrip", {}, "family 'chrip' is unknown; did you mean chirp"),
        ("none", {}, "is no interference"),
        ("chirp", {"perod_s": 1}, "'perod_s' is unknown; did you mean period_s"),
        ("chirp", {"period_s": 1}, "give 5e-06 to 0.0003 s"),
        ("chirp", {"period_s": "fast"}, "give a number"),
        ("chirp", {"period_s": True}, "give a number"),
        ("chirp", {"jitter": float("nan")}, "give a number"),
        ("chirp", {"shape": "sideways"}, "use up, down, triangle"),
        ("multitone", {"tones": 2.5}, "give a whole number"),
        ("multitone", {"tones": 12, "spacing_hz": 400e3}, "the band ends at 1.28e\\+06 Hz"),
        ("cw", {"offset_hz": 2e6}, "give -1.28e\\+06 to 1.28e\\+06 Hz"),
        ("fm", {"offset_hz": 1.2e6, "deviation_hz": 200e3}, "move it or make it narrower"),
    ],
)
def test_what_is_impossible_is_refused(family, given, said):
    with pytest.raises(InputError, match=said):
        check_parameters(family, given)
