# SPDX-License-Identifier: GPL-3.0-or-later
"""`sentinel simulate gnss`: recordings with their truth, the same scene live, and what is refused."""

import argparse
import json
import socket

import numpy as np
import pytest
from gnuradio.sentinel.apps import simulate as simulate_command
from gnuradio.sentinel.apps.main import main
from gnuradio.sentinel.apps.simulate_rooms import ROOMS
from gnuradio.sentinel.core.errors import InputError
from gnuradio.sentinel.core.quantise import dequantise
from gnuradio.sentinel.core.recording import open_recording
from gnuradio.sentinel.gnss.families import FAMILIES
from gnuradio.sentinel.gnss.simulation.scene import scene_chunks
from sender_runs import finish, free_port, read_until, sentinel

START = "2026-07-01T12:00:00.000000Z"
SCHEDULE = """\
intervals:
  - {family: cw, jn: -3, start: 0.1, stop: 0.2, parameters: {offset_hz: 5e3}}
  - {family: noise, jn: 6, start: 0.3, stop: 0.4, seed: 9}
gain_steps:
  - {at: 0.25, db: 2}
"""


def parse(*arguments):
    parser = argparse.ArgumentParser()
    simulate_command.add_arguments(parser)
    return parser.parse_args(["gnss", *(str(argument) for argument in arguments)])


def simulate(*arguments):
    return simulate_command.run(parse(*arguments))


def scene(*arguments):
    return ROOMS["gnss"].scene_of(parse(*arguments))


def native(*arguments):
    return np.concatenate(list(scene_chunks(scene(*arguments)))).ravel()


def test_a_recording_with_its_truth(tmp_path, capsys):
    out = tmp_path / "x.sigmf-meta"
    words = ["--seconds", 0.3, "--family", "chirp", "--jn", 5, "--start", 0.1, "--stop", 0.2]
    words += ["--param", "period_s=20e-6,bandwidth_hz=12M", "--param", "shape=down", "--gain-step", "3@0.25"]
    assert simulate("--out", out, *words, "--start-time", START, "--seed", 4) == 0
    text = capsys.readouterr().out
    assert "0.3 s at 2.56 MHz, centre 1.57542 GHz, cu8, noise 8 LSB, seed 4" in text
    assert "0.1 to 0.2 s: chirp, J/N 5 dB; offset_hz 0, bandwidth_hz 1.2e+07, period_s 2e-05" in text
    assert "0.25 s: gain +3 dB" in text
    recording = open_recording(out, verify_checksum=True)
    assert (recording.format, recording.sample_rate, recording.sample_count) == ("cu8", 2.56e6, 768_000)
    assert recording.warnings == ()
    # A step of the gain is a capture, but no segment: frequency and clock go on.
    assert len(recording.captures) == 1
    meta = json.loads(out.read_text())
    assert [(c["core:sample_start"], c["sentinel:gain_db"]) for c in meta["captures"]] == [
        (0, 30.0),
        (640_000, 33.0),
    ]
    assert meta["captures"][1]["core:datetime"] == "2026-07-01T12:00:00.250000Z"
    (truth,) = meta["annotations"]
    assert (truth["core:sample_start"], truth["core:sample_count"]) == (256_000, 256_000)
    assert (truth["core:label"], truth["sentinel:j_n_db"]) == ("chirp", 5.0)
    assert truth["sentinel:parameters"]["period_s"] == 20e-6
    assert truth["sentinel:parameters"]["shape"] == "down"
    assert truth["core:freq_lower_edge"] == 1575.42e6 - 1.28e6
    samples = np.fromfile(tmp_path / "x.sigmf-data", np.uint8)
    assert np.array_equal(samples, native(*words, "--seed", 4))
    power = [
        np.mean(np.abs(dequantise(samples[2 * a : 2 * b], "cu8")) ** 2)
        for a, b in ((0, 256_000), (256_000, 512_000))
    ]
    assert 10 * np.log10(power[1] / power[0] - 1) == pytest.approx(5.0, abs=0.1)


def test_other_types_and_raw_names(tmp_path):
    words = ["--seconds", 0.05, "--family", "cw"]
    for suffix, dtype, count in ((".cu8", np.uint8, 2), (".cs16", "<i2", 2), (".cf32", np.complex64, 1)):
        assert simulate("--out", tmp_path / f"x{suffix}", *words) == 0
        assert len(np.fromfile(tmp_path / f"x{suffix}", dtype)) == count * 128_000
    assert simulate("--out", tmp_path / "y.sigmf-meta", "--format", "cs8", *words) == 0
    assert json.loads((tmp_path / "y.sigmf-meta").read_text())["global"]["core:datatype"] == "ci8"


def test_the_demo_scene_has_several_kinds_and_a_gain_step():
    session = scene().session
    assert session.duration_s == 60
    assert [part.family for part in session.intervals] == ["chirp", "cw", "pulsed_noise", "noise"]
    assert len(session.gain_steps) == 1
    assert scene("--seconds", 6).session.intervals[0].start_s == pytest.approx(0.8)


def test_a_schedule_file(tmp_path):
    path = tmp_path / "s.yaml"
    path.write_text(SCHEDULE)
    session = scene("--seconds", 0.5, "--schedule", path, "--gain-step=-1@0.45").session
    assert [(p.family, p.jn_db, p.start_s) for p in session.intervals] == [
        ("cw", -3.0, 0.1),
        ("noise", 6.0, 0.3),
    ]
    assert session.intervals[0].parameters["offset_hz"] == 5e3 and session.intervals[1].seed == 9
    assert [(step.at_s, step.change_db) for step in session.gain_steps] == [(0.25, 2.0), (0.45, -1.0)]


def test_receiver_options():
    receiver = scene(
        *["--noise-lsb", 3, "--drift", 0.5, "--gain", 12, "--spur", "100k,-30"],
        *["--receiver", "dc-i=2,iq-phase=3,tilt=1.5,linewidth=4"],
    ).session.receiver
    assert (receiver.noise_lsb, receiver.drift_db, receiver.gain_db) == (3.0, 0.5, 12.0)
    assert (receiver.dc_i_lsb, receiver.iq_phase_deg, receiver.tilt_db, receiver.linewidth_hz) == (
        2,
        3,
        1.5,
        4,
    )
    assert [(spur.offset_hz, spur.level_db) for spur in receiver.spurs] == [(100e3, -30.0)]
    assert scene("--receiver", "other").session.receiver.kind == "other"
    assert scene("--receiver", "random", "--noise-lsb", 3).session.receiver.noise_lsb == 3.0


def test_a_hidden_gain_is_not_written(tmp_path):
    simulate("--out", tmp_path / "x.sigmf-meta", "--seconds", 0.02, "--gain-step", "3@0.01", "--hide-gain")
    assert json.loads((tmp_path / "x.sigmf-meta").read_text())["captures"] == [
        {"core:frequency": 1575.42e6, "core:sample_start": 0}
    ]


@pytest.mark.parametrize("family", [*FAMILIES, "hopping"])
def test_every_family_has_its_option(family):
    samples = native("--seconds", 0.01, "--family", family, "--start", 0, "--stop", 0.01, "--jn", 10)
    clean = native("--seconds", 0.01, "--family", "none")
    assert not np.array_equal(samples, clean)


@pytest.mark.parametrize(
    "words, said",
    [
        (["--family", "chrip"], "did you mean chirp"),
        (["--family", "chirp", "--jn", "200"], "J/N is 200 dB; give -60 to 80"),
        (["--family", "chirp", "--start", "20", "--stop", "10"], "stop 10 s is not after start 20 s"),
        (["--family", "chirp", "--stop", "100"], "--stop 100 is behind the end of the scene, 60 s"),
        (["--family", "chirp", "--start", "70"], "starts at 70 s"),
        (["--family", "chirp", "--param", "perod_s=1"], "did you mean period_s"),
        (["--family", "chirp", "--param", "period_s=1"], "period_s is 1; give"),
        (["--family", "chirp", "--param", "period_s=2e-5", "--param", "period_s=3e-5"], "comes twice"),
        (["--family", "chirp", "--rate", "15k"], "a narrower sweep or a higher rate"),
        (["--jn", "3"], "say which with --family"),
        (["--family", "none", "--jn", "3"], "leave one of them out"),
        (["--family", "cw", "--schedule", "s.yaml"], "exclude each other"),
        (["--schedule", "nowhere.yaml"], "nowhere.yaml: No such file"),
        (["--gain-step", "3"], "write it as 3@30"),
        (["--gain-step", "x@3"], "is not a number"),
        (["--noise-lsb", "-1"], "noise_lsb is -1.0; give 0.01 to 1000"),
        (["--spur", "3M,-3"], "--spur"),
        (["--receiver", "tlt=1"], "did you mean tilt"),
        (["--seconds", "0"], "--seconds is 0.0"),
        (["--seed", "-1"], "--seed is -1"),
        (["--datatype", "u8"], "is not written"),
        (["--rate", "fast"], "--rate"),
    ],
)
def test_what_is_impossible_is_refused_before_anything_is_written(tmp_path, words, said):
    with pytest.raises(InputError, match=said.replace("+", "\\+")):
        simulate("--out", tmp_path / "x.sigmf-meta", *words)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "text, said",
    [
        ("intervals: [{family: cw, jn: 3, start: 1}]", "interval 1: stop is missing"),
        ("intervals: [{family: cw, jn: 3, start: 1, stop: 2, parms: {}}]", "did you mean parameters"),
        ("intervals: [{family: cw, jn: 3, start: 2, stop: 1}]", "interval 1: interval: stop 1 s"),
        ("intervals: [{family: wc, jn: 3, start: 1, stop: 2}]", "interval 1: interference family 'wc'"),
        ("interval: []", "did you mean intervals"),
        ("gain_steps: [{at: 3, db: 99}]", "gain step 1: .*give -60 to 60"),
        ("intervals: []", "holds neither"),
        ("- 1", "has the keys"),
        ("a: [", "line 1: not YAML"),
    ],
)
def test_mistakes_in_a_schedule_are_named(tmp_path, text, said):
    path = tmp_path / "s.yaml"
    path.write_text(text)
    with pytest.raises(InputError, match=said):
        scene("--schedule", path)


def receive(client, count):
    data = b""
    while len(data) < count and (piece := client.recv(count - len(data))):
        data += piece
    return data


def test_an_rtl_tcp_client_gets_the_bytes_of_the_recording(tmp_path):
    port, truth = free_port(), tmp_path / "truth.sigmf-meta"
    words = [
        "--rate",
        "256k",
        "--seconds",
        0.5,
        "--family",
        "cw",
        "--jn",
        3,
        "--seed",
        2,
        "--gain-step",
        "1@0.2",
    ]
    live = ["--rtl-tcp", f"127.0.0.1:{port}", "--truth", truth, "--start-time", START]
    with sentinel("simulate", "gnss", *words, *live) as process:
        read_until(process.stderr, "waiting for an rtl_tcp client")
        with socket.create_connection(("127.0.0.1", port), timeout=20) as client:
            data = receive(client, 12 + 256_000)
            assert client.recv(1) == b""
        out, err = finish(process, None)
    assert process.returncode == 0, err
    assert data[12:] == native(*words).tobytes()
    counts = json.loads(out)
    assert (counts["room"], counts["samples_sent"]) == ("gnss", 128_000)
    meta = json.loads(truth.read_text())
    assert [a["core:label"] for a in meta["annotations"]] == ["cw"]
    assert [c["sentinel:gain_db"] for c in meta["captures"]] == [30.0, 31.0]
    assert meta["captures"][1]["core:datetime"] == "2026-07-01T12:00:00.200000Z"
    assert meta["global"]["core:datatype"] == "cu8"


def test_a_radio_that_obeys_its_client_changes_its_level():
    port = free_port()
    words = ["--rate", "256k", "--seconds", 1.5, "--family", "none", "--seed", 4]
    live = ["--rtl-tcp", f"127.0.0.1:{port}", "--obey-gain", 30]
    with sentinel("simulate", "gnss", *words, *live) as process:
        read_until(process.stderr, "waiting for an rtl_tcp client")
        with socket.create_connection(("127.0.0.1", port), timeout=20) as client:
            data = receive(client, 12 + 51_200)
            client.sendall(bytes((4,)) + (400).to_bytes(4, "big"))  # 40 dB
            while rest := client.recv(1 << 16):
                data += rest
        finish(process, None)
    bytes_sent = np.frombuffer(data[12:], np.uint8)
    expected = native(*words)
    assert len(bytes_sent) == len(expected)
    # Rounded from single precision: what lies half-way between two steps may fall to the other one.
    steps = np.abs(bytes_sent[:51_200].astype(int) - expected[:51_200])
    assert steps.max() <= 1 and np.mean(steps) < 1e-3
    last = slice(-256_000, None)
    levels = [np.mean((part[last] - 127.5) ** 2) for part in (bytes_sent, expected)]
    assert 10 * np.log10(levels[0] / levels[1]) == pytest.approx(10, abs=0.1)


@pytest.mark.parametrize("words", [("--out", "x.cu8"), ("--udp", "127.0.0.1:9")])
def test_only_an_rtl_tcp_client_sets_a_gain(words, capsys):
    assert main(["simulate", "gnss", *words, "--obey-gain", "0"]) == 2
    assert "--rtl-tcp" in capsys.readouterr().err


def test_datagrams_hold_the_bytes_as_complex_numbers():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
        receiver.bind(("127.0.0.1", 0))
        receiver.settimeout(5)
        words = ["--rate", "48k", "--family", "cw", "--param", "offset_hz=3k", "--duration", 0.5]
        port = receiver.getsockname()[1]
        assert main(["simulate", "gnss", *map(str, words), "--udp", str(port), "--pace", "full"]) == 0
        count = -(-24_000 // 1023)
        parts = [np.frombuffer(receiver.recv(1 << 16)[8:], "<c8") for _ in range(count)]
    assert np.array_equal(np.concatenate(parts), dequantise(native(*words), "cu8"))


def test_a_scene_without_end_is_new_each_time():
    programme = ROOMS["gnss"].programme(
        scene("--rate", "48k", "--seconds", 1, "--family", "cw", "--param", "offset_hz=3k"), False, True
    )
    chunks = programme.chunks()
    samples = np.concatenate([next(chunks) for _ in range(30)])
    assert not np.array_equal(samples[:48_000], samples[48_000:96_000])
    starts = [a["core:sample_start"] for a in programme.annotations(100_000)]
    assert starts == [16_000, 64_000]
    # One that is cut by the end of what was sent is cut in its truth too.
    assert programme.annotations(70_000)[-1]["core:sample_count"] == 6_000
    assert [c["core:sample_start"] for c in programme.captures(100_000)] == [0, 48_000, 96_000]
    looped = ROOMS["gnss"].programme(programme.scene, True, False).chunks()
    again = np.concatenate([next(looped) for _ in range(20)])
    assert np.array_equal(again[:48_000], again[48_000:])
