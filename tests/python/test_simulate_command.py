# SPDX-License-Identifier: GPL-3.0-or-later
"""`sentinel simulate pulse` and the way from there through `sentinel score`."""

import argparse
import json
import os
import resource
import subprocess
import sys

import numpy as np
import pytest
from gnuradio.sentinel.apps import score as score_command
from gnuradio.sentinel.apps import simulate as simulate_command
from gnuradio.sentinel.core.errors import InputError, OutputError
from gnuradio.sentinel.core.key_values import parse_key_values
from gnuradio.sentinel.core.recording import open_recording
from gnuradio.sentinel.pulse.simulate import scene_samples

TAG = "freq=500,tip=2,tp=0.015,en0=12"


def parse(command, *arguments):
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    return parser.parse_args([str(argument) for argument in arguments])


def simulate(*arguments):
    return simulate_command.run(parse(simulate_command, "pulse", *arguments))


def scene(*arguments):
    return simulate_command.simulate_pulse.scene_of(parse(simulate_command, "pulse", *arguments))


def read_data(path, dtype):
    return np.fromfile(path, dtype)


def test_a_recording_with_its_truth(tmp_path, capsys):
    out = tmp_path / "x.sigmf-meta"
    arguments = [
        "--tag",
        TAG,
        "--tag",
        "freq=-800,tip=1.5,tp=20e-3,en0=20,id=fox",
        "--seed",
        3,
        "--duration",
        20,
    ]
    assert simulate("--out", out, "--center-freq", "146M", *arguments) == 0
    text = capsys.readouterr().out
    assert "20 s at 3.84 kHz, centre 146 MHz, cf32_le, seed 3" in text
    assert "fox: -800 Hz, tip 1.5 s, tp 20 ms, E/N0 20 dB, 13 pulses" in text
    recording = open_recording(out, verify_checksum=True)
    assert (recording.sample_rate, recording.sample_count) == (3840.0, 76_800)
    assert recording.captures[0].center_freq_hz == 146e6
    assert recording.warnings == ()
    samples = read_data(tmp_path / "x.sigmf-data", np.complex64)
    assert np.array_equal(samples, scene_samples(scene(*arguments)))
    # The default noise is 26 dB below full scale.
    assert np.mean(np.abs(samples) ** 2) == pytest.approx(10**-2.6, rel=0.1)
    annotations = json.loads(out.read_text())["annotations"]
    assert [a["core:label"] for a in annotations].count("fox") == 13
    again = tmp_path / "again.sigmf-meta"
    simulate("--out", again, "--center-freq", "146M", *arguments)
    assert again.read_text() == out.read_text()


@pytest.mark.parametrize(
    "suffix, dtype, datatype",
    [
        (".cu8", np.uint8, "cu8"),
        (".cs8", np.int8, "ci8"),
        (".cs16", "<i2", "ci16_le"),
        (".cf32", "<f4", "cf32_le"),
    ],
)
def test_raw_samples_by_suffix_with_the_truth_beside(tmp_path, suffix, dtype, datatype):
    out = tmp_path / f"x{suffix}"
    assert simulate("--out", out, "--duration", 3) == 0
    assert len(read_data(out, dtype)) == 2 * 3 * 3840
    meta = json.loads((tmp_path / "x.sigmf-meta").read_text())
    assert (meta["global"]["core:dataset"], meta["global"]["core:datatype"]) == (f"x{suffix}", datatype)
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted([f"x{suffix}", "x.sigmf-meta"])
    recording = open_recording(tmp_path / "x.sigmf-meta", verify_checksum=True)
    assert (recording.sample_count, recording.format) == (3 * 3840, datatype)


def test_datatypes_hold_the_same_scene(tmp_path):
    floats, bytes_ = tmp_path / "f.sigmf-meta", tmp_path / "b.sigmf-meta"
    simulate("--out", floats, "--duration", 5)
    simulate("--out", bytes_, "--duration", 5, "--datatype", "cu8")
    x = read_data(tmp_path / "f.sigmf-data", np.complex64)
    y = (read_data(tmp_path / "b.sigmf-data", np.uint8).astype(np.float32) - 127.5).view(np.complex64) / 127.5
    assert np.max(np.abs(np.concatenate(((y - x).real, (y - x).imag)))) <= 0.5 / 127.5 * 1.001


def test_every_disturbance_has_its_option(tmp_path):
    options = {
        "--clicks": "rate=1,en0=20,samples=4",
        "--periodic-clicks": "interval=0.5,en0=20",
        "--impulses": "probability=0.001,gain=20",
        "--noise-step": "db=6,at=2",
        "--carrier": "freq=-1k,en0=10,am=0.9,am-rate=0.5",
        "--iq-imbalance": "gain=0.5,phase=2",
        "--dc-offset": "i=0.01,q=-0.01",
        "--gain-drift": "db=1,period=10",
        "--phase-noise": "linewidth=1",
        "--slope": "3",
    }
    plain = scene_samples(scene("--duration", 4))
    for option, value in options.items():
        disturbed = scene("--duration", 4, option, value)
        assert len(disturbed.disturbances) == 1
        assert not np.array_equal(scene_samples(disturbed), plain), option
    both = scene("--clicks", "rate=1,en0=20", "--clicks", "rate=3,en0=10")
    assert [click.rate_hz for click in both.disturbances] == [1.0, 3.0]


def test_tags_on_the_command_line():
    keys = "start=0.5,id=a,jitter=0.001,tip-error=0.01,drift=2,fade=1,rise=0.001,phase=coherent"
    tag = scene("--tag", f"freq=0.5k,tip=2,tp=0.015,en0=12,{keys}").tags[0]
    assert (tag.freq_hz, tag.start_s, tag.tag_id, tag.jitter_s) == (500.0, 0.5, "a", 0.001)
    assert (tag.interval_error, tag.drift_hz_per_s, tag.fade_db, tag.rise_s) == (0.01, 2.0, 1.0, 0.001)
    assert tag.coherent
    assert scene("--tag", "none").tags == ()
    assert len(scene().tags) == 1


@pytest.mark.parametrize(
    "arguments, what",
    [
        (["--tag", "freq=1,tpi=2,tp=0.015,en0=1"], "key 'tpi' is unknown; did you mean tp or tip"),
        (["--tag", "freqq=1,tip=2,tp=0.015,en0=1"], "key 'freqq' is unknown; did you mean freq"),
        (["--tag", "zzz=1"], "key 'zzz' is unknown; use freq, tip"),
        (["--tag", "freq=1,tip=2,tp=0.015"], "en0 is missing; add en0="),
        (["--tag", "freq=1,freq=2"], "'freq' comes twice"),
        (["--tag", "freq"], "'freq' is not key=value"),
        (["--tag", "freq=1,tip=2s,tp=0.015,en0=1"], "--tag tip '2s' is not a number"),
        (["--tag", "freq=1,tip=2,tp=0.015,en0=1,phase=any"], "phase is 'any'; give coherent or random"),
        (["--tag", "freq=1,tip=2,tp=3,en0=1"], "tp of 3 s does not fit into the interval tip of 2 s"),
        (["--tag", "freq=2k,tip=2,tp=0.015,en0=1"], "2000 Hz lies outside the band of .-1920 Hz"),
        (["--tag", "freq=146M,tip=2,tp=0.015,en0=1"], "give an offset from the centre"),
        (["--tag", "none", "--tag", TAG], "--tag none stands beside other tags"),
        (["--rate", "0"], "--rate '0' must be above 0"),
        (["--rate", "fast"], "--rate 'fast' is not understood"),
        (["--duration", "-1"], "duration_s is -1"),
        (["--duration", "nan"], "duration_s is nan"),
        (["--seed", "-1"], "seed is -1"),
        (["--datatype", "cf16"], "--datatype 'cf16' is not written"),
        (["--noise-dbfs", "nan"], "--noise-dbfs is nan"),
        (["--center-freq", "146 MHZ?"], "--center-freq '146 MHZ.' is not understood"),
        (["--clicks", "rate=1"], "--clicks 'rate=1': en0 is missing"),
        (["--clicks", "rate=1,en0=3,samples=x"], "--clicks samples 'x' is not a whole number"),
        (["--clicks", "rate=1,en0=3,samples=0"], "--clicks .*: clicks of 0 samples"),
        (["--carrier", "freq=9k,en0=3"], "carrier at 9000 Hz lies outside"),
        (["--start-time", "yesterday"], "--start-time: 'yesterday' is not a time such as"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(tmp_path, arguments, what):
    with pytest.raises(InputError, match=what) as caught:
        simulate("--out", tmp_path / "x.sigmf-meta", *arguments)
    assert "\n" not in str(caught.value)
    assert ";" in str(caught.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "out, arguments, what",
    [
        ("x.wav", [], "suffix does not say what to write"),
        ("x", [], "suffix does not say what to write"),
        ("x.cu8", ["--datatype", "cf32_le"], "contradicts --datatype cf32_le"),
        ("none/x.cu8", [], "there is no folder"),
    ],
)
def test_outputs_that_cannot_be_written_are_refused(tmp_path, out, arguments, what):
    with pytest.raises(InputError, match=what):
        simulate("--out", tmp_path / out, *arguments)


def test_an_output_is_needed():
    with pytest.raises(InputError, match="--out is missing"):
        simulate()


def test_a_scene_larger_than_the_disk_is_refused_at_once(tmp_path):
    with pytest.raises(OutputError, match=r"the scene needs 19,200,000,000.0 MB and .* free; give a shorter"):
        simulate("--out", tmp_path / "x.sigmf-meta", "--duration", "1e9", "--rate", "2.4M")
    assert list(tmp_path.iterdir()) == []


FULL_DISK = """
import argparse, sys
from gnuradio.sentinel.apps import simulate
parser = argparse.ArgumentParser()
simulate.add_arguments(parser)
try:
    simulate.run(parser.parse_args(["pulse", "--out", sys.argv[1]]))
except OSError as error:
    print(error)
"""


def test_a_disk_that_fills_up_leaves_nothing_behind(tmp_path):
    # A limit on the size of files fails in write(2) as a full disk does.
    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(tmp_path / "x.cu8")],
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096)),
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
    )
    assert "cannot be written: File too large; free some space" in done.stdout, done.stderr
    assert done.stdout.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def events_from_truth(meta, shift=0, freq_hz=0.0, take=5):
    """Events a perfect detector would give, five pulses each, shifted in time and frequency."""
    rate = meta["global"]["core:sample_rate"]
    by_tag = {}
    for annotation in meta["annotations"]:
        by_tag.setdefault(annotation["core:label"], []).append(annotation)
    for label, pulses in by_tag.items():
        for k in range(0, len(pulses) - take + 1, take):
            group = pulses[k : k + take]
            middle = (group[0]["core:freq_lower_edge"] + group[0]["core:freq_upper_edge"]) / 2
            yield {
                "id": f"{label}-{k}",
                "detector": "pulse",
                "label": label,
                "sample_start": group[0]["core:sample_start"] + shift,
                "sample_count": 8 * 3840,
                "sample_rate": rate,
                "freq_hz": middle + freq_hz,
                "offset_hz": group[0]["sentinel:offset_hz"] + freq_hz,
                "bandwidth_hz": 66.7,
                "details": {
                    "pulse_starts": [p["core:sample_start"] + shift for p in group],
                    "pulse_width_s": 0.015,
                },
            }


def test_a_perfect_detector_gets_a_perfect_score(tmp_path, capsys):
    out = tmp_path / "x.cu8"
    second = "freq=-800,tip=1.5,tp=0.015,en0=12,id=fox"
    simulate(
        "--out", out, "--center-freq", "146M", "--tag", f"{TAG},start=0.1", "--tag", f"{second},start=0.1"
    )
    meta_path, events = tmp_path / "x.sigmf-meta", tmp_path / "events.jsonl"
    meta = json.loads(meta_path.read_text())
    lines = [json.dumps(event) for event in events_from_truth(meta, shift=4, freq_hz=3.0)]
    # An event that knows no absolute frequency is found all the same.
    lines[0] = json.dumps({**json.loads(lines[0]), "freq_hz": None})
    events.write_text("\n".join(lines))
    capsys.readouterr()
    assert score_command.run(parse(score_command, events, meta_path, "--json")) == 0
    result = json.loads(capsys.readouterr().out)
    assert (result["right"], result["false"], result["found"], result["truths"]) == (14, 0, 70, 70)
    assert result["freq_error_hz"]["rms"] == pytest.approx(3.0)
    assert result["start_error_s"]["rms"] == pytest.approx(4 / 3840)
    # The recording's length comes from the raw file that the metadata names.
    assert result["observed_s"] == 60
    assert {name: tag["found"] for name, tag in result["labels"].items()} == {"tag-1": 30, "fox": 40}
    assert score_command.run(parse(score_command, events, meta_path)) == 0
    assert "14 right, 0 false" in capsys.readouterr().out
    # The truth scored against itself: each annotation is an event of one pulse.
    assert score_command.run(parse(score_command, meta_path, meta_path)) == 0
    assert "70 right, 0 false" in capsys.readouterr().out


def test_scoring_names_the_event_that_is_broken(tmp_path):
    simulate("--out", tmp_path / "x.cu8", "--duration", "20")
    events = tmp_path / "events.jsonl"
    event = next(events_from_truth(json.loads((tmp_path / "x.sigmf-meta").read_text())))
    del event["details"]["pulse_width_s"]
    events.write_text(json.dumps(event))
    with pytest.raises(InputError, match=r"line 1: not an event .no 'pulse_width_s'"):
        score_command.run(parse(score_command, events, tmp_path / "x.sigmf-meta"))


def test_key_values_are_read_with_blanks():
    assert parse_key_values(" a = 1 , b=x=y ", ["a", "b"], "--x") == {"a": "1", "b": "x=y"}
    with pytest.raises(InputError, match=r"'' is not key=value; write it as a=..,b=.."):
        parse_key_values("a=1,", ["a", "b"], "--x")
