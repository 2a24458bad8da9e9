# SPDX-License-Identifier: GPL-3.0-or-later
"""Radios through gr-soapy: `soapy:`."""

from __future__ import annotations

import importlib.util
import logging
from typing import Any

from .errors import InputError
from .input_stream import RadioGain, Tuning
from .inputs import InputSpec
from .quiet import captured_output
from .radio import Feed, check_granted, gain_steps, refusal, try_in_child

log = logging.getLogger("gnuradio.sentinel.core.radio")

_ARGUMENTS = "'fc32', 1, '', '', [''], ['']"
_PROGRAM = f"import sys; from gnuradio import soapy; soapy.source(sys.argv[1], {_ARGUMENTS})"
_REMEDY = (
    "connect the device, end other programs that use it, and install its SoapySDR module "
    "(apt search soapysdr-module)"
)


def open_soapy(spec: InputSpec) -> Feed:
    """Open and tune a radio. Raises InputError."""
    if importlib.util.find_spec("gnuradio.soapy") is None:
        raise InputError(f"{spec.text}: gr-soapy is not installed; sudo apt install libgnuradio-soapy3.10.5")
    if not spec.target.strip():
        raise InputError(f"{spec.text}: must name a driver; for instance soapy:driver=rtlsdr")
    try_in_child(spec, _PROGRAM, spec.target, _REMEDY)
    failed = None
    with captured_output() as noise:
        try:
            from gnuradio import soapy

            radio = soapy.source(spec.target, "fc32", 1, "", "", [""], [""])
            tuning = _tune(radio, spec)
            gain = _gain(radio, tuning)
        except (RuntimeError, ValueError) as error:
            failed = str(error)
    log.debug("%s", noise.text.strip())
    if failed is not None:
        raise refusal(spec, failed, _REMEDY)
    notes, warnings = check_granted(spec, tuning)
    return Feed(
        blocks=(radio,),
        sample_rate=tuning.sample_rate,
        center_freq_hz=tuning.center_freq_hz,
        reconnects=False,
        tuning=tuning,
        notes=notes,
        warnings=warnings,
        gain=gain,
    )


def _tune(radio: Any, spec: InputSpec) -> Tuning:
    radio.set_sample_rate(0, spec.sample_rate)
    if spec.ppm and radio.has_frequency_correction(0):
        radio.set_frequency_correction(0, spec.ppm)
    radio.set_frequency(0, spec.center_freq_hz)
    automatic = spec.gain_db is None
    if radio.has_gain_mode(0):
        radio.set_gain_mode(0, automatic)
    elif automatic:
        automatic = False  # it has no such mode and stays at the gain it has
    if spec.gain_db is not None:
        radio.set_gain(0, spec.gain_db)
    return Tuning(
        sample_rate=radio.get_sample_rate(0),
        center_freq_hz=radio.get_frequency(0),
        gain_db=None if automatic else radio.get_gain(0),
        automatic_gain=automatic,
        ppm=spec.ppm,
    )


def _gain(radio: Any, tuning: Tuning) -> RadioGain:
    limits = radio.get_gain_range(0)
    step_db = limits.step() or 1.0  # SoapySDR: 0 is continuous

    def nearest(gain_db: float) -> float:
        steps = round((gain_db - limits.minimum()) / step_db)
        return min(limits.minimum() + steps * step_db, limits.maximum())

    def set_gain(gain_db: float) -> float:
        if radio.has_gain_mode(0):
            radio.set_gain_mode(0, False)
        radio.set_gain(0, gain_db)
        return radio.get_gain(0)

    return RadioGain(gain_steps(limits.minimum(), limits.maximum(), nearest), tuning.gain_db, set_gain)
