# SPDX-License-Identifier: GPL-3.0-or-later
import csv
import io
import json
import os
import subprocess
import sys
import tracemalloc

import pytest
import zmq
from event_strategies import an_event, events
from gnuradio.sentinel.core.decision import Decision
from gnuradio.sentinel.core.errors import InputError, OutputError
from gnuradio.sentinel.core.event_faces import from_json_line, from_row, from_sigmf_annotation, to_json_line
from gnuradio.sentinel.core.event_row import COLUMNS
from gnuradio.sentinel.core.sinks import ConsoleSink, CsvSink, JsonLinesSink, SigmfSink, ZmqSink, make_sink
from hypothesis import given, settings
from hypothesis import strategies as st
from sigmf import SigMFFile, sigmffile
from sigmf.validate import validate

DECISION = Decision(sample_start=0, sample_count=16, time=None, score=1.0, threshold=2.0, noise=0.5)


def revisions(**keys):
    first = an_event(state="open", **keys)
    return [first, first.update(score=15.0), first.update(score=15.0).close(score=16.0)]


def test_json_lines_to_a_file(tmp_path):
    path = tmp_path / "e.jsonl"
    written = [an_event(sample_start=start, label="ü\n") for start in range(3)]
    with make_sink(f"jsonl:{path}") as sink:
        for event in written:
            sink.write(event)
            # In the file at once: a killed process loses nothing.
            assert path.read_text().splitlines()[-1] == to_json_line(event)
    assert [from_json_line(line) for line in path.read_bytes().splitlines()] == written


@pytest.mark.parametrize(
    ("setting", "states"), [("closed", ["closed"]), ("all", ["open", "update", "closed"])]
)
def test_revisions_to_a_stream(setting, states):
    stream = io.StringIO()
    with JsonLinesSink(stream, revisions=setting) as sink:
        for event in revisions():
            sink.write(event)
    assert [json.loads(line)["state"] for line in stream.getvalue().splitlines()] == states
    assert not stream.closed


@given(st.lists(events(), max_size=3))
@settings(deadline=None, max_examples=50)
def test_csv_reads_back(written):
    stream = io.StringIO(newline="")
    sink = CsvSink(stream, revisions="all")
    for event in written:
        sink.write(event)
    stream.seek(0)
    table = csv.DictReader(stream)
    rows = list(table)
    assert table.fieldnames == list(COLUMNS)
    kinds = {"INTEGER": int, "REAL": float, "TEXT": str}
    plain = [
        {key: None if text == "" else kinds[COLUMNS[key].split()[0]](text) for key, text in row.items()}
        for row in rows
    ]
    assert [from_row(row) for row in plain] == written


def load_valid(path):
    """The metadata, after the sigmf library has checked it against its schema."""
    content = json.loads(path.read_text(encoding="utf-8"))
    validate(content)
    return content


@pytest.fixture
def recording(tmp_path):
    """A recording of 1000 samples with one annotation, made by the sigmf library."""
    data = tmp_path / "x.sigmf-data"
    data.write_bytes(bytes(8000))
    meta = SigMFFile(data_file=str(data), global_info={"core:datatype": "cf32_le", "core:sample_rate": 2.4e6})
    meta.add_capture(0, metadata={"core:frequency": 146e6, "core:datetime": "2026-07-01T12:00:00Z"})
    meta.add_annotation(500, 10, metadata={"core:label": "truth"})
    meta.tofile(str(tmp_path / "x.sigmf-meta"))
    return tmp_path / "x.sigmf-meta"


@pytest.mark.filterwarnings("error::DeprecationWarning")  # sigmf warns so of undeclared extensions
def test_sigmf_beside_a_recording(recording, tmp_path):
    path = tmp_path / "x.events.sigmf-meta"
    written = [an_event(sample_start=start, sample_count=5) for start in (700, 20, 300)]
    lasting = revisions(sample_start=900, sample_count=100)
    with make_sink(f"sigmf:{path}", recording=recording) as sink:
        for event in written:
            sink.write(event)
        for event in lasting:
            sink.write(event)
    content, own = load_valid(path), json.loads(recording.read_text())
    assert content["captures"] == own["captures"]
    assert content["global"]["core:sha512"] == own["global"]["core:sha512"]
    assert content["global"]["core:extensions"] == [
        {"name": "sentinel", "version": "1.0.0", "optional": True}
    ]
    found = [from_sigmf_annotation(annotation) for annotation in content["annotations"]]
    assert found == [*sorted(written, key=lambda event: event.sample_start), lasting[-1]]
    # The library finds the samples of the original recording through core:dataset.
    assert sigmffile.fromfile(str(path)).sample_count == 1000
    assert not list(tmp_path.glob("*.part"))


def test_sigmf_into_the_recordings_own_metadata(recording):
    for _ in range(2):  # a second run replaces its events and keeps what others wrote
        with SigmfSink(recording, recording) as sink:
            sink.write(an_event(sample_start=10))
    content = load_valid(recording)
    assert [item["core:label"] for item in content["annotations"]] == ["tag-12", "truth"]
    assert "core:dataset" not in content["global"]


def test_sigmf_without_a_recording(tmp_path):
    path = tmp_path / "live.sigmf-meta"
    with SigmfSink(path) as sink:
        sink.write(an_event(sample_start=2_400_000, freq_hz=146e6, offset_hz=1e4))
        sink.flush()
        assert len(load_valid(path)["annotations"]) == 1
        sink.write(an_event(sample_start=2_400_001))
    content = load_valid(path)
    assert len(content["annotations"]) == 2
    assert content["global"]["core:metadata_only"] is True
    assert content["global"]["core:sample_rate"] == 2.4e6
    assert content["captures"] == [
        {"core:sample_start": 0, "core:frequency": 145.99e6, "core:datetime": "2026-07-01T11:59:59.000001Z"}
    ]


def test_sigmf_without_events_is_still_a_valid_file(tmp_path):
    SigmfSink(tmp_path / "none.sigmf-meta").close()
    assert load_valid(tmp_path / "none.sigmf-meta")["annotations"] == []


def test_zmq_delivers_topic_and_json():
    with ZmqSink("tcp://127.0.0.1:*") as sink, zmq.Context() as context, context.socket(zmq.SUB) as receiver:
        assert sink.address.startswith("tcp://127.0.0.1:")
        receiver.connect(sink.address)
        for topic in ("pulse", "decision"):
            receiver.subscribe(topic)
        # A PUB socket drops until the subscription has arrived: send until the first comes through.
        while not receiver.poll(10):
            sink.write(an_event())
        topic, line = receiver.recv_multipart()
        assert topic == b"pulse" and from_json_line(line) == an_event()
        sink.write_decision(DECISION)
        while topic != b"decision":
            assert receiver.poll(5000)
            topic, line = receiver.recv_multipart()
        assert json.loads(line)["noise"] == 0.5


def test_zmq_binds_to_loopback_and_reports_a_taken_port():
    with ZmqSink("tcp://127.0.0.1:*") as sink:
        port = sink.address.rsplit(":", 1)[1]
        with pytest.raises(InputError, match=f"127.0.0.1:{port}.*in use"):
            make_sink(f"zmq:{port}")
    with pytest.raises(InputError, match="nonsense"):
        make_sink("zmq:nonsense")


def test_console_escapes_what_the_terminal_cannot_show():
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")
    ConsoleSink(stream).write(an_event(label="Ü"))
    line = raw.getvalue().decode("ascii")
    assert line == (
        "2026-07-01T12:00:00.000001Z  pulse  \\xdc  146.0125 MHz  0.024 s  score 14.25 > 10.5  SNR 7.5 dB  "
        "zero_filled\n"
    )


def test_decisions_go_to_their_own_file(tmp_path):
    with make_sink(f"decisions:{tmp_path / 'd.jsonl'}") as sink:
        sink.write(an_event())
        sink.write_decision(DECISION)
    assert (tmp_path / "d.jsonl").read_text() == DECISION.to_json_line() + "\n"


@pytest.mark.parametrize(
    ("text", "remedy"),
    [
        ("json:x", "did you mean jsonl:"),
        ("teapot", "use one of console"),
        ("csv", "write csv:FILE"),
        ("console:red", "write console"),
        ("sigmf:x.json", "must end in .sigmf-meta"),
        ("jsonl:/nowhere/e.jsonl", "/nowhere/e.jsonl: No such file"),
        ("csv:/", "Is a directory"),
        ("sigmf:/nowhere/x.sigmf-meta", "No such file"),
        (7, "use one of console"),
    ],
)
def test_unusable_sinks_are_refused_at_once(text, remedy):
    with pytest.raises(InputError, match=remedy) as caught:
        make_sink(text)
    assert "\n" not in str(caught.value)


def test_unknown_revisions_and_broken_recordings_are_refused(tmp_path):
    with pytest.raises(InputError, match="closed or all"):
        make_sink("console", revisions="some")
    (tmp_path / "bad.sigmf-meta").write_text("{")
    with pytest.raises(InputError, match=r"bad\.sigmf-meta: not JSON"):
        SigmfSink(tmp_path / "e.sigmf-meta", tmp_path / "bad.sigmf-meta")
    with pytest.raises(InputError, match=r"gone\.sigmf-meta: No such file"):
        SigmfSink(tmp_path / "e.sigmf-meta", tmp_path / "gone.sigmf-meta")


@pytest.mark.parametrize("kind", ["jsonl", "csv"])
def test_a_full_disk_is_one_clear_error_and_no_traceback_at_exit(kind):
    # /dev/full is the kernel's own full disk; the CSV header alone does not fit.
    program = f"""
import sys
sys.path.insert(0, "tests/python")
from event_strategies import an_event
from gnuradio.sentinel.core.errors import OutputError
from gnuradio.sentinel.core.sinks import make_sink
try:
    sink = make_sink("{kind}:/dev/full")
    sink.write(an_event())
except OutputError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stderr == ""
    assert "/dev/full: No space left on device" in done.stdout and done.stdout.count("\n") == 1


def test_writing_to_a_closed_sink_is_an_error(tmp_path):
    sink = make_sink(f"jsonl:{tmp_path / 'e.jsonl'}")
    sink.close()
    sink.close()
    with pytest.raises(OutputError, match="closed"):
        sink.write(an_event())


def test_a_closed_stdout_ends_quietly_as_documented():
    program = """
import sys
sys.path.insert(0, "tests/python")
from event_strategies import an_event
from gnuradio.sentinel.core.sinks import make_sink, silence_stdout
sink = make_sink("jsonl:-")
try:
    while True:
        sink.write(an_event())
except BrokenPipeError:
    silence_stdout()
"""
    reader, writer = os.pipe()
    process = subprocess.Popen([sys.executable, "-c", program], stdout=writer, stderr=subprocess.PIPE)
    os.close(writer)
    assert os.read(reader, 10) == b'{"schema":'
    os.close(reader)
    assert process.communicate(timeout=60)[1] == b""
    assert process.returncode == 0


def test_memory_does_not_grow_with_events(tmp_path):
    texts = [f"jsonl:{tmp_path / 'e.jsonl'}", f"csv:{tmp_path / 'e.csv'}", "zmq:tcp://127.0.0.1:*"]
    sinks = [make_sink(text) for text in texts]
    made = [an_event(sample_start=start) for start in range(100)]

    def write_all(rounds):
        for _ in range(rounds):
            for event in made:
                for sink in sinks:
                    sink.write(event)

    tracemalloc.start()
    # A first time fills caches of the interpreter (some 90 kB, once); what counts is the growth after it.
    write_all(20)
    before = tracemalloc.get_traced_memory()[0]
    write_all(20)
    grown = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    for sink in sinks:
        sink.close()
    # 2000 events of some 900 bytes in three outputs would be 5 MB; one word per event would be 16 kB.
    assert grown < 8_000
