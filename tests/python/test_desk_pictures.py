# SPDX-License-Identifier: GPL-3.0-or-later
"""Scales and colours of the desks, without a window, and what a flowgraph asks of its input beforehand."""

import numpy as np
import pytest
from gnuradio.sentinel.core.decision import Decision
from gnuradio.sentinel.core.inputs import input_center, input_format
from gnuradio.sentinel.core.qt_feature_raster import colour_range, colours
from gnuradio.sentinel.core.qt_score_plot import axis_of
from gnuradio.sentinel.core.simulate_io import write_sigmf


def decision(score):
    decided = score is not None
    limit, noise = (-0.8, 1.0) if decided else (None, None)
    return Decision(
        sample_start=0,
        sample_count=1,
        time=None,
        score=score,
        threshold=limit,
        noise=noise,
        filled=0,
        lost=0,
        decided=decided,
    )


def test_a_linear_axis_holds_scores_below_zero():
    axis = axis_of([decision(score) for score in (-9.0, None, 8.5)], "linear")
    assert axis.low < -9.0 and axis.high > 8.5
    assert axis.ticks() == [-10, -5, 0, 5]
    assert axis.share(axis.low) == 0 and axis.share(axis.high) == 1 and axis.share(-1e9) == 0
    assert axis_of([], "linear").ticks() and axis_of([decision(3.0)] * 2, "linear").share(3.0) < 1


def test_a_logarithmic_axis_is_as_before():
    axis = axis_of([decision(20.0), decision(200.0)], "log")
    assert axis.ticks() == [20, 50, 100, 200]
    assert axis.share(20.0 * np.sqrt(10)) == pytest.approx(0.5)


def test_colours_rise_from_dark_to_light_and_leave_out_what_is_no_number():
    made = colours(np.array([-5.0, 0.0, 0.5, 1.0, 9.0, np.nan, np.inf]), 0.0, 1.0)
    assert (made[0] == made[1]).all() and (made[3] == made[4]).all()
    assert made[1].sum() < made[2].sum() < made[3].sum()
    assert (made[5] == 200).all() and (made[6] == 200).all()


def test_the_range_of_colours_is_never_empty():
    low, high = colour_range(np.full((3, 4), 2.0), None, None)
    assert low == 2.0 < high
    assert colour_range(np.full((3, 4), np.nan), None, 4.0) == (0.0, 4.0)


@pytest.mark.parametrize("datatype", ["cu8", "ci16_le", "cf32_le"])
def test_a_flowgraph_knows_the_type_of_a_recording_before(tmp_path, datatype):
    native = {"cu8": np.uint8, "ci16_le": np.int16}.get(datatype)
    samples = np.zeros(64, np.complex64) if native is None else np.full(128, 3, native)
    path = write_sigmf(tmp_path / "x.sigmf-meta", samples, 1e6, 1575.42e6, datatype=datatype)
    assert input_format(str(path)) == datatype
    assert input_center(str(path)) == 1575.42e6 and input_center(str(path), "1.2G") == 1.2e9


@pytest.mark.parametrize(
    ("text", "given", "expected"),
    [
        ("x.cu8", None, "cu8"),
        ("x.cs16", "", "ci16_le"),
        ("x.bin", "ci8", "ci8"),
        ("x.bin", None, "cf32_le"),
        ("rtl:0", None, "cu8"),
        ("zmq:tcp://127.0.0.1:1", None, "cf32_le"),
        ("none.sigmf-meta", None, "cf32_le"),
    ],
)
def test_types_that_no_file_has_to_say(text, given, expected):
    assert input_format(text, given) == expected
