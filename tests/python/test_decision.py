# SPDX-License-Identifier: GPL-3.0-or-later
import json

import numpy as np
import pmt
import pytest
from event_strategies import COUNTERS, REALS, TIMES
from gnuradio.sentinel.core.decision import Decision
from gnuradio.sentinel.core.errors import EventError
from hypothesis import given
from hypothesis import strategies as st

DECISIONS = st.builds(
    Decision,
    sample_start=COUNTERS,
    sample_count=COUNTERS,
    time=st.none() | TIMES,
    score=REALS,
    threshold=REALS,
    noise=st.none() | REALS,
    filled=COUNTERS,
    lost=COUNTERS,
    decided=st.booleans(),
)


def a_decision(**changes):
    keys = dict(sample_start=0, sample_count=16, time=None, score=1.0, threshold=2.0, noise=None)
    return Decision(**{**keys, **changes})


@given(DECISIONS)
def test_pmt_is_lossless(decision):
    assert Decision.from_pmt(decision.to_pmt()) == decision
    assert json.loads(decision.to_json_line())["sample_start"] == decision.sample_start


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("score", None),
        ("score", float("nan")),
        ("filled", -1),
        ("decided", 1),
        ("time", "now"),
        ("lost", 1.5),
    ],
)
def test_invalid_values_are_refused_by_name(key, value):
    with pytest.raises(EventError, match=key):
        a_decision(**{key: value})


def test_what_was_not_judged_needs_no_score():
    assert a_decision(score=None, threshold=None, decided=np.bool_(False)).decided is False


def test_other_messages_are_refused():
    for message in (pmt.PMT_NIL, pmt.to_pmt({"score": 1.0}), pmt.intern("x")):
        with pytest.raises(EventError, match="not a decision"):
            Decision.from_pmt(message)
