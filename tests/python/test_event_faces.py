# SPDX-License-Identifier: GPL-3.0-or-later
import json
import os
import sqlite3
import subprocess
import sys

import pmt
import pytest
from event_strategies import DETAILS, an_event, events
from gnuradio.sentinel.core import pmt_values
from gnuradio.sentinel.core.errors import EventError, InputError
from gnuradio.sentinel.core.event_faces import (
    COLUMNS,
    from_json_line,
    from_pmt,
    from_row,
    from_sigmf_annotation,
    to_json_line,
    to_pmt,
    to_row,
    to_sigmf_annotation,
)
from gnuradio.sentinel.core.event_mapping import to_mapping
from hypothesis import given, settings


def exactly(a, b):
    """Equal down to the types and the order of keys: 1 is not 1.0, and {} is not []."""
    return repr(to_mapping(a)) == repr(to_mapping(b))


@given(events())
@settings(deadline=None)
def test_pmt_is_lossless(event):
    assert exactly(from_pmt(to_pmt(event)), event)
    # Message blocks over ZMQ or sockets send the serialised form.
    assert exactly(from_pmt(pmt.deserialize_str(pmt.serialize_str(to_pmt(event)))), event)


@given(events())
@settings(deadline=None)
def test_json_line_is_lossless(event):
    line = to_json_line(event)
    assert exactly(from_json_line(line), event)
    assert line.isascii() and "\n" not in line
    assert list(json.loads(line))[:4] == ["schema", "id", "state", "revision"]


@given(events())
@settings(deadline=None)
def test_sigmf_annotation_is_lossless(event):
    annotation = json.loads(json.dumps(to_sigmf_annotation(event)))
    assert exactly(from_sigmf_annotation(annotation), event)
    assert all(name.startswith(("core:", "sentinel:")) for name in annotation)


@pytest.fixture(scope="module")
def table():
    connection = sqlite3.connect(":memory:")
    connection.row_factory = sqlite3.Row
    columns = ", ".join(f"{name} {kind}" for name, kind in COLUMNS.items())
    connection.execute(f"CREATE TABLE events ({columns}) STRICT")
    yield connection
    connection.close()


@given(event=events())
@settings(deadline=None)
def test_row_is_lossless_through_a_real_table(table, event):
    row = to_row(event)
    table.execute(f"INSERT INTO events VALUES ({', '.join(f':{key}' for key in row)})", row)
    stored = table.execute("SELECT * FROM events").fetchone()
    table.execute("DELETE FROM events")
    assert exactly(from_row(dict(stored)), event)
    assert list(row) == list(COLUMNS)


@given(DETAILS)
def test_pmt_values_are_lossless_beyond_the_symbol_limit(details):
    known, pmt_values._symbols = pmt_values._symbols, {}
    limit, pmt_values.SYMBOL_LIMIT = pmt_values.SYMBOL_LIMIT, 1
    try:
        assert repr(pmt_values.decode(pmt_values.encode(details))) == repr(details)
        assert len(pmt_values._symbols) <= 1
    finally:
        pmt_values._symbols, pmt_values.SYMBOL_LIMIT = known, limit


def test_ids_and_times_are_not_interned():
    before = len(pmt_values._symbols)
    for start in range(100):
        to_pmt(an_event(sample_start=start, time=f"2026-07-01T12:00:00.{start:06d}Z"))
    # Keys, label, stream and such, once; 100 ids and 100 times would be 200 more.
    assert len(pmt_values._symbols) - before < 60


def test_pmt_has_the_documented_types():
    message = to_pmt(an_event())

    def item(key):
        return pmt.dict_ref(message, pmt.intern(key), pmt.PMT_NIL)

    assert pmt.to_uint64(pmt.tuple_ref(item("time"), 0)) == 1782907200
    assert pmt.to_double(pmt.tuple_ref(item("time"), 1)) == 1e-6
    assert pmt.is_u8vector(item("id")) and pmt.length(item("id")) == 16
    assert pmt.to_long(item("sample_start")) == 2**32 + 7
    assert pmt.symbol_to_string(item("label")) == "tag-12"
    assert pmt.is_null(item("model"))


def test_sigmf_edges_are_absolute_when_the_frequency_is_known():
    annotation = to_sigmf_annotation(an_event(freq_hz=146e6, offset_hz=-1e3, bandwidth_hz=200.0))
    assert annotation["core:freq_lower_edge"] == 146e6 - 100
    assert annotation["core:freq_upper_edge"] == 146e6 + 100
    annotation = to_sigmf_annotation(an_event(freq_hz=None, offset_hz=-1e3, bandwidth_hz=200.0))
    assert (annotation["core:freq_lower_edge"], annotation["core:freq_upper_edge"]) == (-1100.0, -900.0)
    assert annotation["core:generator"] == "gr-sentinel pulse"
    assert annotation["core:comment"] == "score 14.25, threshold 10.5, SNR 7.5 dB, zero_filled"


@pytest.mark.parametrize(
    ("line", "rule"),
    [
        ("", "not JSON"),
        ('{"schema": 1', "not JSON"),
        ("[]", "not a JSON object"),
        ("{}", "missing"),
        ('{"schema": 2}', "schema 2"),
        (to_json_line(an_event()).replace("14.25", "NaN"), "NaN"),
        (to_json_line(an_event()).replace("14.25", '"high"'), "score"),
    ],
)
def test_bad_lines_are_refused_with_their_place(line, rule):
    with pytest.raises(InputError, match=rule) as caught:
        from_json_line(line, "events.jsonl:3")
    assert str(caught.value).startswith("events.jsonl:3: ") and "\n" not in str(caught.value)


def test_other_bad_faces_are_refused():
    with pytest.raises(InputError, match="sentinel:schema"):
        from_sigmf_annotation({"core:sample_start": 0})
    broken = {key: value for key, value in to_sigmf_annotation(an_event()).items() if key != "core:uuid"}
    with pytest.raises(InputError, match="id missing"):
        from_sigmf_annotation(broken)
    with pytest.raises(InputError, match="column details"):
        from_row({**to_row(an_event()), "details": "{"})
    for message in (
        pmt.PMT_NIL,
        pmt.intern("hello"),
        pmt.cons(pmt.PMT_T, pmt.PMT_T),
        pmt.to_pmt({"score": 1.0}),
    ):
        with pytest.raises(EventError, match="not an event"):
            from_pmt(message)
    wrong_time = pmt.dict_add(to_pmt(an_event()), pmt.intern("time"), pmt.intern("12:00"))
    with pytest.raises(EventError, match="not a time"):
        from_pmt(wrong_time)


# A machine without the German locale still sees the variable, which is what a shell passes on.
PROGRAM = """
import contextlib, locale, sys
with contextlib.suppress(locale.Error):
    locale.setlocale(locale.LC_ALL, "")
sys.path.insert(0, "tests/python")
from event_strategies import an_event
from gnuradio.sentinel.core.event_faces import from_pmt, to_json_line, to_pmt, to_sigmf_annotation
event = an_event(label="\\u00dcberhorizont-Radar")
print(to_json_line(from_pmt(to_pmt(event))))
print(ascii(to_sigmf_annotation(event)))
"""


def test_locale_and_time_zone_change_nothing():
    outputs = set()
    for settings_ in (
        dict(LC_ALL="C", TZ="UTC"),
        dict(LC_ALL="C.UTF-8", TZ="Pacific/Chatham"),
        dict(LC_ALL="de_DE.UTF-8", TZ="Europe/Berlin"),
        dict(LC_ALL="POSIX", TZ="America/St_Johns", PYTHONCOERCECLOCALE="0", PYTHONUTF8="0"),
    ):
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM], env={**os.environ, **settings_}, capture_output=True, check=True
        )
        outputs.add(done.stdout)
    assert len(outputs) == 1 and b"2026-07-01T12:00:00.000001Z" in outputs.pop()
