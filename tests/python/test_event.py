# SPDX-License-Identifier: GPL-3.0-or-later
import math
import uuid

import numpy as np
import pytest
from event_strategies import an_event
from gnuradio.sentinel.core.errors import EventError
from gnuradio.sentinel.core.event import DETECTORS, EVENT_KEYS, Event, event_id
from gnuradio.sentinel.core.event_faces import same_event
from gnuradio.sentinel.core.event_mapping import from_mapping, to_mapping
from hypothesis import given
from hypothesis import strategies as st

CONTRACT = """schema id state revision detector label stream_id channel source sample_start sample_count
sample_rate time duration_s time_uncertainty_s freq_hz offset_hz bandwidth_hz score threshold
false_alarms_per_hour snr_db confidence flags accounting latitude_deg longitude_deg
altitude_m model details"""


def test_keys_are_the_contract_in_its_order():
    assert tuple(CONTRACT.split()) == EVENT_KEYS


def test_id_is_a_fixed_function_of_what_names_the_event():
    event = an_event()
    # Written down so that no later change moves the ids of stored events unnoticed.
    assert event.id == "b10f1444-8ead-5a4e-a48b-901a3f057404"
    assert uuid.UUID(event.id).version == 5
    assert an_event(label="other", score=3.0, freq_hz=146_012_500.3).id == event.id
    changes = [
        dict(stream_id="x"),
        dict(detector="dof"),
        dict(channel=1),
        dict(sample_start=7),
        dict(freq_hz=1e6),
    ]
    assert len({event.id} | {an_event(**change).id for change in changes}) == 6


def test_id_takes_the_baseband_frequency_when_the_absolute_one_is_unknown():
    assert an_event(freq_hz=None).id == event_id("rec-1", "pulse", 0, 2**32 + 7, -12_500.0)


def test_id_can_be_named_by_a_bin_centre():
    assert an_event(id_hz=100.0, freq_hz=104.9).id == an_event(id_hz=100.0, freq_hz=95.2).id


def test_a_lasting_event_goes_from_open_to_closed():
    first = an_event(state="open")
    second = first.update(sample_count=100_000, freq_hz=146_020_000.0, flags=("clipped",))
    last = second.close(duration_s=3.0)
    assert [e.state for e in (first, second, last)] == ["open", "update", "closed"]
    assert [e.revision for e in (first, second, last)] == [0, 1, 2]
    assert {e.id for e in (first, second, last)} == {first.id}
    assert last.sample_count == 100_000 and last.flags == ("clipped",)
    with pytest.raises(EventError, match="closed"):
        last.update(score=1.0)


@pytest.mark.parametrize(
    "key", ["id", "revision", "stream_id", "detector", "channel", "sample_start", "nonsense"]
)
def test_a_revision_keeps_what_names_the_event(key):
    with pytest.raises(EventError, match=key):
        an_event(state="open").update(**{key: 1})


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("detector", "sonar"),
        ("label", ""),
        ("label", 7),
        ("label", "\ud800"),
        ("stream_id", None),
        ("channel", -1),
        ("channel", True),
        ("sample_start", -1),
        ("sample_start", 1.0),
        ("sample_start", 2**63),
        ("sample_rate", 0),
        ("sample_rate", math.inf),
        ("time", "2026-07-01T12:00:00Z"),
        ("time", "2026-07-01T12:00:00.000000+00:00"),
        ("time", "2026-02-30T12:00:00.000000Z"),
        ("time", "1969-12-31T23:59:59.999999Z"),
        ("time", 0),
        ("duration_s", -1e-9),
        ("time_uncertainty_s", None),
        ("freq_hz", math.nan),
        ("offset_hz", None),
        ("offset_hz", 6e11),
        ("bandwidth_hz", -1.0),
        ("score", None),
        ("score", "12"),
        ("score", 10**400),
        ("threshold", math.nan),
        ("false_alarms_per_hour", -1.0),
        ("confidence", 1.0001),
        ("flags", "clipped"),
        ("flags", [""]),
        ("accounting", "perfect"),
        ("latitude_deg", 90.1),
        ("longitude_deg", -180.1),
        ("model", {"name": "cae"}),
        ("model", {"name": "cae", "version": "1", "sha256": "abc"}),
        ("details", None),
        ("details", {"a": math.nan}),
        ("details", {"a": [1, {"b": object()}]}),
        ("details", {1: 2}),
        ("details", {"a": 2**63}),
        ("state", "update"),
        ("state", "over"),
    ],
)
def test_invalid_values_are_refused_by_name(key, value):
    with pytest.raises(EventError, match=key) as caught:
        an_event(**{key: value})
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("key", ["score", "sample_start", "offset_hz", "accounting"])
def test_missing_keys_are_named(key):
    keys = to_mapping(an_event())
    for computed in ("schema", "id", "revision", "state", key):
        keys.pop(computed)
    if key == "offset_hz":
        keys["freq_hz"] = None
    with pytest.raises(EventError, match=key):
        Event.declare(**keys)


def test_other_schemas_and_unknown_keys_are_refused():
    mapping = to_mapping(an_event())
    with pytest.raises(EventError, match="schema 2"):
        from_mapping({**mapping, "schema": 2, "new_key": 1})
    with pytest.raises(EventError, match="unknown key colour"):
        from_mapping({**mapping, "colour": "red"})
    with pytest.raises(EventError, match="version 5"):
        from_mapping({**mapping, "id": str(uuid.uuid4())})


def test_numpy_values_become_plain_ones():
    event = an_event(
        channel=np.uint8(3),
        sample_start=np.uint64(2**40),
        score=np.float32(0.5),
        details={
            "bins": np.arange(3, dtype=np.int16),
            "hit": np.bool_(True),
            "level": np.float32(2.0),
            "t": (1, 2),
        },
    )
    assert type(event.channel) is int and type(event.sample_start) is int and type(event.score) is float
    assert event.details == {"bins": [0, 1, 2], "hit": True, "level": 2.0, "t": [1, 2]}
    assert type(event.details["level"]) is float and type(event.details["hit"]) is bool


def test_an_event_shares_no_state_with_its_maker():
    details = {"bins": [1]}
    event = an_event(details=details)
    details["bins"].append(2)
    to_mapping(event)["details"]["bins"].append(3)
    assert event.details == {"bins": [1]}
    assert hash(event) == hash(an_event(details=details))


NEAR = st.floats(min_value=-9.9e-6, max_value=9.9e-6)


@given(near=NEAR, detector=st.sampled_from(DETECTORS))
def test_same_event_forgives_floats_within_1e_5(near, detector):
    a = an_event(detector=detector, id_hz=0.0, details={"fit": [2.0, {"k": -3.0}]})
    b = an_event(
        detector=detector,
        id_hz=0.0,
        score=14.25 * (1 + near),
        freq_hz=146_012_500.0 * (1 + near),
        details={"fit": [2.0 * (1 + near), {"k": -3.0 * (1 - near)}]},
    )
    assert same_event(a, b)


@pytest.mark.parametrize(
    "change",
    [
        dict(score=14.25 * (1 + 1.1e-5)),
        dict(sample_start=2**32 + 8),
        dict(sample_count=57_601),
        dict(label="tag-13"),
        dict(time="2026-07-01T12:00:00.000002Z"),
        dict(time=None),
        dict(flags=[]),
        dict(snr_db=None),
        dict(details={}),
        dict(details={"pulses": [], "fit": {}, "period_s": 1}),
        dict(details={"pulses": {}, "fit": {}, "period_s": 1.5}),
        dict(state="open"),
    ],
)
def test_same_event_forgives_nothing_else(change):
    assert same_event(an_event(), an_event())
    assert not same_event(an_event(), an_event(**change))
