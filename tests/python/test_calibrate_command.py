# SPDX-License-Identifier: GPL-3.0-or-later
"""`sentinel calibrate pulse` and the options of `sentinel evaluate pulse`."""

import argparse

import pytest
from gnuradio.sentinel.apps import calibrate, evaluate
from gnuradio.sentinel.core.errors import InputError


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("SENTINEL_CACHE_DIR", str(tmp_path))


def parse(command, *words):
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    return parser.parse_args(words)


def run_calibrate(line):
    return calibrate.run(parse(calibrate, *line.split()))


def test_calibration_is_told_and_checked(capsys):
    assert run_calibrate("pulse --tip 0.8 --pf 0.05 --trials 400 --check-cycles 400") == 0
    lines = dict(line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines())
    assert list(lines) == ["threshold", "stated", "fitted", "published", "measured"]
    assert 20 < float(lines["threshold"].split()[0]) < 35
    # 0.05 in each cycle of 4.02 s is 44.8 an hour.
    assert "44.8 false alarms an hour" in lines["stated"]
    count = int(lines["measured"].split()[0])
    assert 4 <= count <= 45  # 20 expected, 400 calibration cycles: either end is 5 standard deviations off


def test_check_can_be_left_out(capsys):
    assert run_calibrate("pulse --tip 0.8 --trials 100 --check-cycles 0") == 0
    out = capsys.readouterr().out
    assert "measured" not in out and "beyond all of them" in out


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ("pulse --tip 0", "interval_s"),
        ("pulse --tip 2 --pf 2", "false_alarm_probability"),
        ("pulse --tip 2 --trials 10", "--trials is 10"),
        ("pulse --tip 2 --check-cycles -1", "--check-cycles is -1"),
        ("pulse --tip 2 --rate 100", "100"),
    ],
)
def test_wrong_settings_are_told(words, text):
    with pytest.raises(InputError, match=text) as caught:
        run_calibrate(words)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ("--quick --out {}/none.md", "nothing to compare|no results to compare"),
        ("--trials-scale 0 --out {}/none.md", "--trials-scale"),
        ("--max-minutes -1 --out {}/none.md", "--max-minutes"),
        ("--recordings {}/none --out {}/none.md", "no such folder"),
    ],
)
def test_wrong_evaluations_are_told(words, text, tmp_path):
    with pytest.raises(InputError, match=text):
        evaluate.run(parse(evaluate, "pulse", *words.replace("{}", str(tmp_path)).split()))
