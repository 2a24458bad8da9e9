# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings of the pulse room: the only list of its parameters.

The command line, the tags file, the Companion block and the manual take their names, units, defaults
and limits from here.
"""

from __future__ import annotations

import math

from pydantic import BaseModel, ConfigDict, model_validator

from ..core.settings import Hertz, setting


class TagSettings(BaseModel):
    """One tag: what its pulses look like, and how surely it must be told from noise."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    interval_s: float = setting(
        ..., "Inter-pulse interval of the tag, first pulse edge to next", "s", "--tip", gt=0, le=3600
    )
    pulse_width_s: float = setting(
        0.015, "Pulse length; 15 ms is common in VHF tags", "s", "--tp", gt=0, le=10
    )
    pulses: int = setting(
        5, "Pulses summed per decision, K; more find weaker tags and decide less often", "", "-k", ge=1, le=20
    )

    @model_validator(mode="after")
    def _pulse_fits_interval(self) -> TagSettings:
        if self.interval_s < 3 * self.pulse_width_s:
            raise ValueError(
                f"interval_s ({self.interval_s:g} s) must be at least three pulse widths "
                f"({3 * self.pulse_width_s:g} s)"
            )
        return self


class PulseSettings(TagSettings):
    """The single-tag detector. Names in quotes are those of the published program.

    Frequencies are Hz. `center_freq` below 1 MHz is refused, since the published program took MHz.
    """

    channel_rate: Hertz = setting(
        3840.0,
        "Least sample rate of the channel, 'fs'. A faster input is channelised to input rate / the largest "
        "integer that still gives this",
        "Hz",
        "--fs",
        gt=0,
    )
    offset_hz: Hertz = setting(0.0, "Centre of the channel from the centre of the input", "Hz", "--offset")
    false_alarm_probability: float = setting(
        1e-4,
        "Chance that a cycle of noise declares anything, 'pf': 1e-4 in 10 s cycles is one in 28 hours",
        "",
        "--pf",
        ge=1e-9,
        le=0.2,
    )
    center_freq: Hertz = setting(
        0.0,
        "Centre of the input; 0 prints offsets only and lets a recording say it",
        "Hz",
        "--center-freq",
        ge=0,
    )
    top: int = setting(1, "Tags declared per cycle at the most", "", "--top", ge=1, le=50)
    merge_hz: Hertz | None = setting(
        None,
        "Weaker finds this close to a declared tag are the same tag (default channel rate / 4)",
        "Hz",
        "--merge",
        ge=0,
    )
    min_snr_db: float | None = setting(None, "Declare only from this E/N0 on", "dB", "--min-snr")
    tag_id: str = setting("tag", "Name of the tag in events", "", "--tag-id", min_length=1, max_length=64)

    @model_validator(mode="after")
    def _center_is_hertz(self) -> PulseSettings:
        if 0 < self.center_freq < 1e6:
            # The published program took MHz: up to 10 GHz the number was meant so.
            meant = f"write {self.center_freq:g}M for {self.center_freq:g} MHz"
            remedy = meant if self.center_freq < 1e4 else "give at least 1M"
            raise ValueError(
                f"center_freq {self.center_freq:g} is in Hz; {remedy}, or 0 to print offsets only"
            )
        return self


class WatchedTag(TagSettings):
    """One tag of a tags file."""

    id: str = setting(..., "Name of the tag, one of its kind in the file", min_length=1, max_length=64)
    freq: Hertz = setting(..., "Carrier, absolute; an offset from the centre where `offsets: true`", "Hz")
    search_hz: Hertz = setting(500.0, "How far from `freq` the carrier may be", "Hz", gt=0)
    interval_s: float = setting(..., "Inter-pulse interval", "s", gt=0, le=3600)


def window_samples(pulse_width_s: float, sample_rate: float) -> int:
    """nw = ceil(tp fs), the samples of one pulse; a product within 1e-9 of an integer is that integer."""
    return math.ceil(pulse_width_s * sample_rate * (1 - 1e-12) - 1e-9)
