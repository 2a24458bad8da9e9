# SPDX-License-Identifier: GPL-3.0-or-later
"""The descriptions for Companion say what the classes say."""

import ast
import inspect
import re

import pytest
import yaml
from gnuradio import sentinel
from gnuradio.sentinel.pulse.block import LIVE_SETTINGS, KFoldIntegrator
from gnuradio.sentinel.pulse.config import PulseSettings
from grc_programs import ROOT


def description(name):
    return yaml.safe_load((ROOT / "grc" / f"{name}.block.yml").read_text())


def parameters(name):
    return {parameter["id"]: parameter for parameter in description(name)["parameters"]}


def value(parameter):
    """The default of a parameter as Companion evaluates it."""
    if parameter["dtype"] in ("string", "file_open"):
        return parameter["default"]
    return ast.literal_eval(parameter["default"])


DETECTOR = parameters("sentinel_pulse_detector")
INTEGRATOR = parameters("sentinel_kfold_integrator")


def test_the_detector_has_every_setting():
    assert DETECTOR.keys() == {*PulseSettings.model_fields, "sample_rate", "tags"}


def test_the_integrator_has_the_arguments_of_its_function():
    assert INTEGRATOR.keys() == inspect.signature(sentinel.kfold_integrator).parameters.keys()


@pytest.mark.parametrize(
    ("shown", "name"),
    [
        (shown, name)
        for shown in (DETECTOR, INTEGRATOR)
        for name in PulseSettings.model_fields
        if name in shown
    ],
)
def test_defaults_and_units_are_those_of_the_settings(shown, name):
    field = PulseSettings.model_fields[name]
    default = 2.0 if field.is_required() else field.default  # Companion needs some interval
    assert value(shown[name]) == default
    assert type(value(shown[name])) is type(default)
    unit = field.json_schema_extra["unit"]
    units = re.findall(r"\((s|Hz|dB)\)", shown[name]["label"])
    assert units == ([unit] if unit else [])


@pytest.mark.parametrize("name", ["sentinel_pulse_detector", "sentinel_kfold_integrator"])
def test_the_description_is_complete(name):
    shown = description(name)
    assert shown["flags"] == ["python"]
    for parameter in shown["parameters"]:
        assert f"${{{parameter['id']}}}" in shown["templates"]["make"]
    text = shown["documentation"].replace("\\\n", "")  # as Companion joins lines
    for part in (
        "Message ports:",
        "Tags read:",
        "Changes while it runs:",
        "fixed when the flowgraph starts",
        "Example:",
    ):
        assert part in text
    (path,) = re.findall(r"examples/\w+\.grc", shown["documentation"])
    assert (ROOT / path).exists()


@pytest.mark.parametrize(
    ("name", "block"),
    [("sentinel_pulse_detector", sentinel.pulse_detector), ("sentinel_kfold_integrator", KFoldIntegrator)],
)
def test_callbacks_change_what_can_change_live(name, block):
    named = {
        re.match(r"change\((\w+)=", callback)[1] for callback in description(name)["templates"]["callbacks"]
    }
    assert named == {setting for setting, method in LIVE_SETTINGS.items() if hasattr(block, method)}
