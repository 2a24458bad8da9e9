# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings of the gnss room: the only list of its parameters.

The command line, the Companion blocks and the manual take their names, units, defaults and limits from here.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, model_validator

from ..core.settings import Hertz, setting


class FeatureSettings(BaseModel):
    """What Channelizer Features measures."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    channels: int = setting(
        64,
        "Channels of the filter bank, an even number; 40 kHz each at 2.56 MS/s",
        "",
        "--channels",
        ge=2,
        le=4096,
    )
    taps_per_channel: int = setting(
        8,
        "Length of the prototype filter per channel; 1 is a windowed FFT, 8 keeps a carrier in its channel",
        "",
        "--taps",
        ge=1,
        le=64,
    )
    snapshot_s: float = setting(
        1.0, "Time over which features are averaged", "s", "--snapshot", ge=0.01, le=60
    )
    dc_window_s: float = setting(
        0.1, "Time over which the offset that is removed is averaged", "s", "--dc-window", ge=0.001, le=10
    )

    @model_validator(mode="after")
    def _channels_are_even(self) -> FeatureSettings:
        if self.channels % 2:
            raise ValueError(f"channels ({self.channels}) must be even")
        return self


class GnssSettings(FeatureSettings):
    """The interference monitor."""

    false_alarms_per_hour: float = setting(
        1.0,
        "False openings of an alarm per hour of undisturbed signal",
        "1/h",
        "--false-alarms",
        ge=1e-3,
        le=600,
    )
    center_freq: Hertz = setting(
        0.0,
        "Centre of the input; 0 gives offsets only and lets a recording say it",
        "Hz",
        "--center-freq",
        ge=0,
    )
    gain_is: Literal["auto", "fixed", "unknown"] = setting(
        "auto",
        "Whether the receiver's gain is known: `fixed` never steps, `unknown` may step without a word; "
        "`auto`: as the source tells, else unknown",
        "",
        "--gain-is",
    )
    gain_uncertainty_db: float = setting(
        4.0,
        "With an unknown gain the level counts as raised only beyond this; common steps are smaller",
        "dB",
        "--gain-uncertainty",
        ge=0,
        le=40,
    )
    learn_s: float = setting(
        10.0, "Quiet time until the receiver's reference is taken as known", "s", "--learn", ge=1, le=600
    )
    hold_s: float = setting(
        3.0,
        "An interval of interference ends when nothing was detected for this long",
        "s",
        "--hold",
        ge=0,
        le=600,
    )
    receiver_cn0_db_hz: float = setting(
        45.0,
        "C/N0 of an undisturbed receiver, for which the impact is stated",
        "dB-Hz",
        "--cn0",
        ge=20,
        le=60,
    )
    unknown_share: float = setting(
        0.05,
        "Share of known interference that may be called unknown, so that what was never learned is",
        "",
        "--unknown-share",
        ge=0,
        le=0.5,
    )

    @property
    def doubt_db(self) -> float:
        """How far the gain may have stepped where the source does not tell it."""
        return 0.0 if self.gain_is == "fixed" else self.gain_uncertainty_db
