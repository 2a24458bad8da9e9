# SPDX-License-Identifier: GPL-3.0-or-later
"""The descriptions for Companion of the gnss room say what the classes say."""

import ast
import re

import pytest
import yaml
from gnuradio.sentinel.gnss.config import FeatureSettings, GnssSettings
from grc_programs import ROOT, place

NAMES = ("sentinel_gnss_monitor", "sentinel_interference_detector", "sentinel_interference_classifier")


def description(name):
    return yaml.safe_load((ROOT / "grc" / f"{name}.block.yml").read_text())


def parameters(name):
    return {parameter["id"]: parameter for parameter in description(name)["parameters"]}


def value(parameter):
    """The default of a parameter as Companion evaluates it."""
    text = parameter["default"]
    return text if parameter["dtype"] in ("string", "file_open", "enum") else ast.literal_eval(text)


MONITOR, DETECTOR, CLASSIFIER = map(parameters, NAMES)
ALL = set(GnssSettings.model_fields)


def test_every_setting_is_a_parameter_where_it_is_used():
    assert MONITOR.keys() == ALL | {
        *("sample_rate", "format", "source_format"),
        *("detection_model", "class_model", "power_calibration", "clusters"),
    }
    assert DETECTOR.keys() == ALL - {"dc_window_s", "unknown_share"} | {"sample_rate", "model"}
    assert CLASSIFIER.keys() == {"unknown_share", "snapshot_s", "model", "clusters"}


def test_features_have_theirs():
    shown = parameters("sentinel_channelizer_features")
    assert FeatureSettings.model_fields.keys() <= shown.keys()
    for name, field in FeatureSettings.model_fields.items():
        assert value(shown[name]) == field.default


@pytest.mark.parametrize(
    ("shown", "name"),
    [(shown, name) for shown in (MONITOR, DETECTOR, CLASSIFIER) for name in sorted(ALL & shown.keys())],
)
def test_defaults_and_units_are_those_of_the_settings(shown, name):
    field = GnssSettings.model_fields[name]
    assert value(shown[name]) == field.default
    assert type(value(shown[name])) is type(field.default)
    unit = field.json_schema_extra["unit"]
    assert re.findall(r"\((s|Hz|dB|dB-Hz|1/h)\)", shown[name]["label"]) == ([unit] if unit else [])


def test_choices_of_the_gain_are_those_of_the_settings():
    for shown in (MONITOR, DETECTOR):
        assert tuple(shown["gain_is"]["options"]) == GnssSettings.model_fields["gain_is"].annotation.__args__


@pytest.mark.parametrize("name", NAMES)
def test_the_description_is_complete(name):
    shown = description(name)
    assert shown["flags"] == ["python"] and shown["category"] == "[Sentinel]"
    for parameter in shown["parameters"]:
        assert re.search(rf"\$\{{[^}}]*\b{parameter['id']}\b", shown["templates"]["make"])
    text = shown["documentation"].replace("\\\n", "")  # as Companion joins lines
    for part in ("Message ports:", "Tags read:", "fixed when the flowgraph starts", "Example:"):
        assert part in text
    for path in re.findall(r"(?:apps|examples)/\w+\.grc", text):
        assert (ROOT / path).exists()


def outside(name):
    """Values just beyond what the settings allow."""
    field = GnssSettings.model_fields[name]
    step = 1 if field.annotation is int else 1e-4
    for rule in field.metadata:
        if hasattr(rule, "ge"):
            yield rule.ge - step
        if hasattr(rule, "le"):
            yield rule.le + step


@pytest.mark.parametrize(
    ("name", "wrong"), [(name, wrong) for name in sorted(ALL) for wrong in outside(name)]
)
def test_what_the_settings_refuse_is_marked(name, wrong):
    with pytest.raises(ValueError):
        GnssSettings(**{name: wrong})
    _, failed = place("sentinel_gnss_monitor", sample_rate="2.56e6", **{name: repr(wrong)})
    assert failed


@pytest.mark.parametrize(
    ("kind", "change"),
    [
        ("gnss_monitor", {"gain_is": "sometimes"}),
        ("gnss_monitor", {"channels": "63"}),
        ("gnss_monitor", {"sample_rate": "0"}),
        ("interference_detector", {"sample_rate": "10"}),
        ("interference_classifier", {"unknown_share": "0.6"}),
        ("feature_raster", {"low": "2", "high": "1"}),
        ("pace", {"speed": "0"}),
    ],
)
def test_settings_that_make_no_sense_are_marked(kind, change):
    usual = {} if kind == "interference_classifier" else {"sample_rate": "2.56e6"}
    assert place(f"sentinel_{kind}", **usual)[1] == []
    assert place(f"sentinel_{kind}", **(usual | change))[1]
