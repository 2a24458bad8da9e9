# SPDX-License-Identifier: GPL-3.0-or-later
"""Hypothesis strategies that make any valid event."""

from datetime import datetime

from gnuradio.sentinel.core.event import ACCOUNTINGS, DETECTORS, Event, Model
from hypothesis import strategies as st

INT64 = st.integers(min_value=-(2**63), max_value=2**63 - 1)
COUNTERS = st.one_of(
    st.integers(min_value=0, max_value=2**63 - 1),
    st.sampled_from([2**31 - 1, 2**31, 2**32 - 1, 2**32, 2**40, 2**40 + 1, 2**53 + 1]),
)
# Half a surrogate pair is no character; NUL, line ends and everything else are.
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
NAMES = TEXTS.filter(bool)
REALS = st.floats(allow_nan=False, allow_infinity=False)
HZ = st.floats(min_value=-4e11, max_value=4e11)
NOT_NEGATIVE = st.floats(min_value=0, allow_infinity=False, allow_nan=False)
TIMES = st.datetimes(min_value=datetime(1970, 1, 1), max_value=datetime(9999, 12, 31)).map(
    lambda instant: instant.isoformat(timespec="microseconds") + "Z"
)
DETAILS = st.dictionaries(
    TEXTS,
    st.recursive(
        st.none() | st.booleans() | INT64 | REALS | TEXTS,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
        max_leaves=8,
    ),
    max_size=4,
)
MODELS = st.builds(
    Model, name=NAMES, version=NAMES, sha256=st.text("0123456789abcdef", min_size=64, max_size=64)
)


@st.composite
def events(draw):
    """An event at its first, a middle or its last revision."""
    event = Event.declare(
        state="open",
        detector=draw(st.sampled_from(DETECTORS)),
        label=draw(NAMES),
        stream_id=draw(NAMES),
        channel=draw(st.integers(min_value=0, max_value=2**40)),
        source=draw(NAMES),
        sample_start=draw(COUNTERS),
        sample_count=draw(COUNTERS),
        sample_rate=draw(st.floats(min_value=1e-3, max_value=1e11)),
        time=draw(st.none() | TIMES),
        duration_s=draw(NOT_NEGATIVE),
        time_uncertainty_s=draw(NOT_NEGATIVE),
        freq_hz=draw(st.none() | HZ),
        offset_hz=draw(HZ),
        bandwidth_hz=draw(st.floats(min_value=0, max_value=4e11)),
        score=draw(REALS),
        threshold=draw(REALS),
        false_alarms_per_hour=draw(st.none() | NOT_NEGATIVE),
        snr_db=draw(st.none() | REALS),
        confidence=draw(st.none() | st.floats(min_value=0, max_value=1)),
        flags=draw(st.lists(NAMES, max_size=3)),
        accounting=draw(st.sampled_from(ACCOUNTINGS)),
        latitude_deg=draw(st.none() | st.floats(min_value=-90, max_value=90)),
        longitude_deg=draw(st.none() | st.floats(min_value=-180, max_value=180)),
        altitude_m=draw(st.none() | REALS),
        model=draw(st.none() | MODELS),
        details=draw(DETAILS),
    )
    for _ in range(draw(st.integers(min_value=0, max_value=2))):
        event = event.update(score=draw(REALS))
    return draw(st.sampled_from([event, event.close()]))


def an_event(**changes) -> Event:
    """One plain event, with some keys changed; a pulse of a wildlife tag."""
    keys = dict(
        detector="pulse",
        label="tag-12",
        stream_id="rec-1",
        channel=0,
        source="station-a",
        sample_start=2**32 + 7,
        sample_count=57_600,
        sample_rate=2.4e6,
        time="2026-07-01T12:00:00.000001Z",
        duration_s=0.024,
        time_uncertainty_s=1e-4,
        freq_hz=146_012_500.0,
        offset_hz=-12_500.0,
        bandwidth_hz=66.7,
        score=14.25,
        threshold=10.5,
        false_alarms_per_hour=0.36,
        snr_db=7.5,
        flags=["zero_filled"],
        accounting="exact",
        details={"pulses": [], "fit": {}, "period_s": 1.5},
    )
    return Event.declare(**{**keys, **changes})
