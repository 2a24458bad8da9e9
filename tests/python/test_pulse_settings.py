# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings of the pulse room, the command's options made of them, and the tags file."""

import argparse

import pytest
from gnuradio.sentinel.apps import pulse as pulse_command
from gnuradio.sentinel.core.errors import InputError
from gnuradio.sentinel.core.settings import build
from gnuradio.sentinel.pulse.config import PulseSettings, WatchedTag, window_samples
from gnuradio.sentinel.pulse.tags import read_tags

FLAGS = {
    "--tip": "interval_s",
    "--tp": "pulse_width_s",
    "-k": "pulses",
    "--fs": "channel_rate",
    "--offset": "offset_hz",
    "--pf": "false_alarm_probability",
    "--center-freq": "center_freq",
    "--top": "top",
    "--merge": "merge_hz",
    "--min-snr": "min_snr_db",
    "--tag-id": "tag_id",
}


def settings(**values):
    return build(PulseSettings, {"interval_s": 2.0, **values}, "here")


def refused(**values):
    with pytest.raises(InputError) as caught:
        settings(**values)
    text = str(caught.value)
    assert text.startswith("here: ") and "\n" not in text
    return text


def test_published_defaults():
    default = settings()
    assert (default.pulse_width_s, default.channel_rate) == (0.015, 3840.0)
    assert (default.false_alarm_probability, default.pulses, default.top) == (1e-4, 5, 1)
    assert (default.offset_hz, default.center_freq, default.tag_id) == (0.0, 0.0, "tag")
    assert default.merge_hz is None and default.min_snr_db is None


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("interval_s", [0.045, 3600], [0, -1, 3600.1]),
        ("pulse_width_s", [1e-4, 0.6], [0, -0.015, 10.1]),
        ("pulses", [1, 20], [0, 21, 2.5, "many"]),
        ("channel_rate", [1, "3.84k", "3.84 kHz"], [0, -3840, "3.84x", "3,84k"]),
        ("offset_hz", [-1e6, "-1.2k", "+10"], ["abc", ""]),
        ("false_alarm_probability", [1e-9, 0.2], [0, 9e-10, 0.21, 1]),
        ("center_freq", [0, 1e6, "146M", "0.146G"], [-1, 146, 999_999, "146"]),
        ("top", [1, 50], [0, 51]),
        ("merge_hz", [0, "0.5k"], [-1, "1m"]),
        ("min_snr_db", [-20, 0, 40], ["loud"]),
        ("tag_id", ["a", "é" * 64], ["", "a" * 65]),
    ],
)
def test_limits(name, good, bad):
    for value in good:
        settings(**{name: value})
    for value in bad:
        assert name in refused(**{name: value})


@pytest.mark.parametrize("name", [n for n in PulseSettings.model_fields if n not in ("tag_id",)])
@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf"), "nan", "inf"])
def test_nothing_is_endless_or_no_number(name, value):
    assert name in refused(**{name: value})


def test_suffixes_are_exact():
    given = settings(channel_rate="3.75k", offset_hz="-1.1k", center_freq="150.3M")
    assert (given.channel_rate, given.offset_hz, given.center_freq) == (3750.0, -1100.0, 150_300_000.0)


def test_megahertz_without_a_suffix_are_explained():
    assert "write 146M" in refused(center_freq=146)
    assert "write 150.25M" in refused(center_freq="150.25")
    assert "at least 1M" in refused(center_freq="150k")
    assert settings(center_freq=0).center_freq == 0


def test_three_pulses_fit_the_interval():
    assert settings(interval_s=0.06, pulse_width_s=0.02).interval_s == 0.06
    assert "three pulse widths (0.06 s)" in refused(interval_s=0.0599, pulse_width_s=0.02)


def test_unknown_keys_and_missing_ones():
    assert refused(intervals=1).endswith("unknown key 'intervals'; did you mean interval_s?")
    assert "unknown key 'zzz'; known are interval_s," in refused(zzz=1)
    with pytest.raises(InputError, match="here: interval_s is missing"):
        build(PulseSettings, {}, "here")


def test_settings_do_not_change_behind_ones_back():
    with pytest.raises(ValueError, match="frozen"):
        settings().interval_s = 3.0


@pytest.mark.parametrize(
    ("width", "rate", "samples"),
    [(0.015, 3840, 58), (0.015, 4000, 60), (0.02, 3750, 75), (0.1, 10, 1), (0.3, 10, 3), (0.01, 3840, 39)],
)
def test_window_is_the_ceiling_but_not_of_rounding_noise(width, rate, samples):
    assert window_samples(width, rate) == samples


def parser():
    made = argparse.ArgumentParser()
    pulse_command.add_arguments(made)
    return made


def test_the_options_are_the_settings():
    actions = {flag: action for action in parser()._actions for flag in action.option_strings}
    declared = {f.json_schema_extra["flag"]: name for name, f in PulseSettings.model_fields.items()}
    assert declared == FLAGS
    for flag, name in FLAGS.items():
        assert actions[flag].dest == name and actions[flag].default is None
        default = PulseSettings.model_fields[name].default
        if isinstance(default, int | float):
            assert f"(default {default:g}" in actions[flag].help


def test_a_command_line_gives_the_same_settings_as_python():
    words = "--tip 0.7862 --tp 0.02 -k 4 --fs 3.75k --offset -100 --pf 1e-3 --center-freq 150M --top 2"
    words += " --merge 300 --min-snr -3 --tag-id fox"
    given = pulse_command._settings(parser().parse_args(words.split()))
    assert given == PulseSettings(
        interval_s=0.7862,
        pulse_width_s=0.02,
        pulses=4,
        channel_rate=3750,
        offset_hz=-100,
        false_alarm_probability=1e-3,
        center_freq=150e6,
        top=2,
        merge_hz=300,
        min_snr_db=-3,
        tag_id="fox",
    )
    assert pulse_command._settings(parser().parse_args(["--tip", "2"])) == PulseSettings(interval_s=2)


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ("", "--tip is missing"),
        ("--tip 2 --tags herd.yaml", "--tip and --tags exclude each other"),
        ("--tags herd.yaml -k 4", "-k and --tags exclude each other"),
        ("--tags herd.yaml --offset 100", "--offset and --tags exclude each other"),
        ("--tip two", "interval_s = 'two'"),
        ("--tip 2 --center-freq 146", "write 146M"),
    ],
)
def test_a_command_line_that_makes_no_sense(words, text):
    with pytest.raises(InputError, match=text):
        pulse_command._settings(parser().parse_args(words.split()))


@pytest.fixture
def tags_file(tmp_path):
    def write(text):
        path = tmp_path / "herd.yaml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


def test_a_tags_file(tags_file):
    path = tags_file(
        """
defaults: {pulse_width_s: 0.02, pulses: 4}
tags:
  - {id: 17, freq: 150.036M, interval_s: 0.7862}
  - id: "18"
    freq: 150120000
    interval_s: 2
    search_hz: 0.3k
    pulses: 6
"""
    )
    tags, offsets = read_tags(path)
    assert offsets is False
    assert tags == (
        WatchedTag(id="17", freq=150.036e6, interval_s=0.7862, pulse_width_s=0.02, pulses=4),
        WatchedTag(id="18", freq=150.12e6, interval_s=2, search_hz=300, pulse_width_s=0.02, pulses=6),
    )
    assert tags[0].search_hz == 500


def test_offsets_and_no_defaults(tags_file):
    path = tags_file("offsets: true\ndefaults:\ntags:\n- {id: a, freq: -1.2k, interval_s: 1}\n")
    (tag,), offsets = read_tags(str(path))
    assert offsets is True and (tag.freq, tag.pulse_width_s, tag.pulses) == (-1200.0, 0.015, 5)


@pytest.mark.parametrize("text", ["017", "1_7", "1:30", "1.50", "true", "2024-01-01", "0x1F", "~"])
def test_ids_stay_as_they_are_written(tags_file, text):
    (tag,), _ = read_tags(tags_file(f"tags: [{{id: {text}, freq: 1M, interval_s: 1}}]"))
    assert tag.id == text


def test_an_entry_may_take_over_another_and_change_it(tags_file):
    path = tags_file(
        "tags:\n- &first {id: a, freq: 1M, interval_s: 1, pulses: 4}\n- {<<: *first, id: b, interval_s: 2}\n"
    )
    (one, other), _ = read_tags(path)
    assert other == one.model_copy(update={"id": "b", "interval_s": 2.0})


ENTRY = "{id: a, freq: 150M, interval_s: 1}"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "has the key `tags`"),
        ("# nothing\n", "has the key `tags`"),
        ("[1, 2]", "has the key `tags`"),
        ("tags: []", "has the key `tags`"),
        ("tags: herd", "has the key `tags`"),
        ("tags: [", r"line \d+: not YAML"),
        ("tags:\n\t- a", "line 2: not YAML"),
        (b"\xff\xfe\x00\x80", "not a text file"),
        ("tags: \x00", "not YAML: "),
        ("[" * 5000, "nested too deeply"),
        ("tags: [{id: a, freq: 2024-13-45, interval_s: 1}]", "put it in quotes"),
        (f"tags:\n- {ENTRY}\ntag: 1", "line 3: unknown key 'tag'; did you mean tags"),
        (f"tags:\n- {ENTRY}\nzzz: 1", "line 3: unknown key 'zzz'; known are tags, defaults, offsets"),
        (f"tags:\n- {ENTRY}\ntags:\n- {ENTRY}\n- {ENTRY}", "line 3: key 'tags' stands there twice"),
        (f"offsets: true\noffsets: false\ntags:\n- {ENTRY}", "line 2: key 'offsets' stands there twice"),
        (f"defaults:\n  pulses: 4\n  pulses: 5\ntags:\n- {ENTRY}", "line 3: key 'pulses' stands there twice"),
        (
            f"tags:\n- {ENTRY}\n- id: b\n  freq: 1M\n  interval_s: 1\n  freq: 2M",
            "line 6: key 'freq' stands there twice; keep one",
        ),
        ("tags:\n- {id: a, id: b, freq: 1M, interval_s: 1}", "line 2: key 'id' stands there twice"),
        (f"defaults:\n  pulse: 4\ntags:\n- {ENTRY}", "line 2: unknown key 'pulse'; did you mean pulses"),
        (f"defaults: 5\ntags:\n- {ENTRY}", "`defaults` is a mapping"),
        (f"offsets: maybe\ntags:\n- {ENTRY}", "`offsets` is true or false"),
        ("tags:\n- a", "line 2: a tag is a mapping"),
        (
            f"tags:\n- {ENTRY}\n- {{id: b, frequ: 1M, interval_s: 1}}",
            "line 3: unknown key 'frequ'; did you mean freq|line 3: freq is missing",
        ),
        ("tags:\n- {id: b, interval_s: 1}", "line 2: freq is missing"),
        ("tags:\n- {freq: 1M, interval_s: 1}", "line 2: id is missing"),
        ("tags:\n- {id: b, freq: 1M, interval_s: 0}", "line 2: interval_s = 0"),
        ("tags:\n- {id: b, freq: 1M, interval_s: .nan}", "line 2: interval_s = nan"),
        ("tags:\n- {id: b, freq: 1 furlong, interval_s: 1}", "line 2: freq = '1 furlong'"),
        ("tags:\n- {id: b, freq: 1M, interval_s: 1, search_hz: 0}", "line 2: search_hz"),
        (f"tags:\n- {ENTRY}\n- {ENTRY}", "line 3: id 'a' is also used in line 2"),
        (
            "tags:\n- {id: 7, freq: 1M, interval_s: 1}\n- {id: '7', freq: 1M, interval_s: 1}",
            "line 3: id '7' is also used in line 2",
        ),
    ],
)
def test_a_tags_file_with_a_fault(tags_file, text, message):
    path = tags_file(text)
    with pytest.raises(InputError, match=message) as caught:
        read_tags(path)
    assert str(caught.value).startswith(str(path)) and "\n" not in str(caught.value)


def test_a_tags_file_that_cannot_be_read(tmp_path):
    for path in (tmp_path / "none.yaml", tmp_path):
        with pytest.raises(InputError, match=str(path)):
            read_tags(path)
