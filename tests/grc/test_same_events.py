# SPDX-License-Identifier: GPL-3.0-or-later
"""The command, the flowgraph of Companion and the Python function give the same events, key by key."""

import json
from dataclasses import dataclass, fields

import pytest
from gnuradio import sentinel
from gnuradio.sentinel import pulse
from gnuradio.sentinel.core.event import Event
from gnuradio.sentinel.core.event_compare import first_difference
from gnuradio.sentinel.core.event_faces import from_json_line
from gnuradio.sentinel.core.simulate_io import write_sigmf
from gnuradio.sentinel.pulse.simulate import Scene, SimulatedTag, scene_samples
from grc_programs import ROOT, compile_file, run_with

TAGS = """\
offsets: true
tags:
  - {id: "017", freq: -13.5k, interval_s: 0.5, pulses: 4}
  - {id: fox, freq: 20.7k, interval_s: 0.6, pulses: 4, pulse_width_s: 0.02}
"""


@dataclass(frozen=True)
class Case:
    """One recording, and what is asked of it: as keywords, and in words."""

    scene: Scene
    settings: dict
    words: tuple[str, ...]
    suffix: str
    events: int
    tags: str = ""


FLAGS = {"interval_s": "--tip", "offset_hz": "--offset", "false_alarm_probability": "--pf"}


def case(rate, seconds, tags, suffix, events, **settings):
    made = Scene(rate, seconds, tags, center_freq=150.1e6, noise_power=1e-3, seed=11)
    words = [f"{FLAGS[name]}={value:g}" for name, value in settings.items() if name in FLAGS]
    return Case(made, settings, (*words, "-k", str(settings["pulses"])), suffix, events)


SLOW = SimulatedTag(512.5, 0.5, 0.015, 18, start_s=0.2)
FAST = SimulatedTag(-13_300.5, 0.5, 0.015, 20, start_s=0.2)
OTHER = SimulatedTag(20_500.0, 0.6, 0.020, 20, start_s=0.3)
CASES = {
    "3840 S/s": case(3840, 14.0, (SLOW,), ".sigmf-meta", 5, interval_s=0.5, pulses=5),
    "3840 S/s, raw": case(3840, 14.0, (SLOW,), ".cf32", 5, interval_s=0.5, pulses=5),
    "250 kS/s, channelised": case(
        *(250e3, 4.5, (FAST,), ".sigmf-meta", 2),
        interval_s=0.5,
        pulses=4,
        offset_hz=-14e3,
        false_alarm_probability=1e-3,
    ),
    "250 kS/s, tags file": Case(
        Scene(250e3, 5.2, (FAST, OTHER), center_freq=150.1e6, noise_power=1e-3, seed=12),
        *({}, (), ".sigmf-meta", 4, TAGS),
    ),
}


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    """apps/pulse.grc, compiled."""
    done, path = compile_file(ROOT / "apps" / "pulse.grc", tmp_path_factory.mktemp("program"))
    assert done.returncode == 0, done.stdout + done.stderr
    return path


@pytest.fixture(scope="module")
def command(tmp_path_factory):
    """The installed command's entry, as a program."""
    path = tmp_path_factory.mktemp("command") / "sentinel_command.py"
    path.write_text("import sys\nfrom gnuradio.sentinel.apps.main import main\nsys.exit(main())\n")
    return path


def write(case, folder):
    """The recording of a case; returns its path and the options that its kind needs."""
    samples = scene_samples(case.scene)
    if case.suffix == ".cf32":
        samples.tofile(folder / "x.cf32")
        return folder / "x.cf32", samples, ("--rate=3840",), {"sample_rate": 3840}
    path = folder / "x.sigmf-meta"
    write_sigmf(path, samples, case.scene.sample_rate, 150.1e6, "2026-07-01T23:59:59.250000Z")
    return path, samples, (), {}


def parse(text):
    return sorted(map(from_json_line, text.splitlines()), key=lambda e: (e.sample_start, e.label))


@pytest.mark.parametrize("name", CASES)
def test_the_three_ways_to_run_give_the_same_events(name, program, command, tmp_path):
    case = CASES[name]
    path, samples, rate_words, source_options = write(case, tmp_path)
    herd, keys = (), dict(case.settings)
    if case.tags:
        (tmp_path / "herd.yaml").write_text(case.tags)
        herd = ("--tags", "herd.yaml")
        keys["tags"], keys["offsets"] = pulse.read_tags(tmp_path / "herd.yaml")

    source = sentinel.source(str(path), **source_options)
    expected = pulse.detect(
        samples,
        source.sample_rate,
        stream=source.identity,
        center_freq=source.center_freq,
        start_time=source.start_time,
        **keys,
    ).events
    assert len(expected) == case.events
    assert (expected[0].time is None) == (case.suffix == ".cf32")

    ran = run_with(command, "pulse", path.name, *rate_words, *case.words, *herd, "--json", cwd=tmp_path)
    assert (ran.returncode, ran.stderr) == (0, "")
    by_command = ran.stdout
    ran = run_with(
        *(program, "--input", path.name, *rate_words, *case.words, *herd),
        *("--output", "jsonl:out.jsonl"),
        cwd=tmp_path,
    )
    assert ran.returncode == 0, ran.stderr
    by_program = (tmp_path / "out.jsonl").read_text()

    contract = {field.name for field in fields(Event)}
    for text in (by_command, by_program):
        found = parse(text)
        assert all(json.loads(line).keys() == contract for line in text.splitlines())
        assert [event.id for event in found] == [event.id for event in expected]
        assert [first_difference(a, b) for a, b in zip(found, expected, strict=True)] == [None] * len(
            expected
        )
