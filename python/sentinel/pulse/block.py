# SPDX-License-Identifier: GPL-3.0-or-later
"""The GNU Radio face of the pulse room: samples in, events out."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

from gnuradio import gr

from .._sentinel import channelizer, wmatrix_stft
from ..core.calibration_cache import CalibrationCache
from ..core.channel_filter import channel_taps
from ..core.channels import choose_fft_size
from ..core.errors import InputError
from ..core.settings import build
from .config import PulseSettings
from .cycle_reader import CycleReader
from .detector import plan
from .events import Stream
from .kfold_block import LIVE_SETTINGS, UNKNOWN_STREAM, KFoldIntegrator, change_quietly, kfold_integrator
from .lengths import watchable
from .plan import Group
from .tags import read_tags

log = logging.getLogger(__name__)


class PulseDetector(gr.hier_block2):
    """Samples in, events out: channelizer, W-matrix STFT and K-fold integration.

    Parameters
    ----------
    sample_rate : float
        Hz, of the input.
    settings : PulseSettings, optional
        Or its fields as keywords (`interval_s=2.0`).
    tags : str, optional
        A tags file; it takes the place of the settings' one tag.
    stream : Stream, optional
        What events say of the input where its source does not (tag sentinel_stream).
    cache : CalibrationCache, optional
    sample_count : int, optional
        Samples to come, where that is known: tags whose cycle is longer are left out with a warning.

    Raises
    ------
    InputError
        Settings that do not fit the rate, a tags file that cannot be read, or no tag that fits the samples.
    """

    def __init__(
        self,
        sample_rate: float,
        settings: PulseSettings | None = None,
        *,
        tags: str = "",
        stream: Stream | None = None,
        cache: CalibrationCache | None = None,
        sample_count: int | None = None,
        **keys: Any,
    ) -> None:
        watched, offsets = read_tags(tags) if tags else ((), False)
        if settings is not None and keys:
            raise InputError(f"give settings or {', '.join(keys)}, not both")
        if settings is None:
            keys = {"interval_s": 2.0, **keys} if tags else keys
            settings = build(PulseSettings, keys, "Pulse Detector")
        self.settings = settings
        self.sample_rate = sample_rate
        self.groups = plan(settings, watched, offsets, sample_rate, settings.center_freq)
        if sample_count is not None:
            self.groups = watchable(self.groups, sample_count, sample_rate)
        integrators = [KFoldIntegrator(group, stream, cache, settings.center_freq) for group in self.groups]
        gr.hier_block2.__init__(
            self, "pulse_detector", gr.io_signature(1, 1, gr.sizeof_gr_complex), gr.io_signature(0, 0, 0)
        )
        for port in ("events", "decisions"):
            self.message_port_register_hier_out(port)
        self.integrators = integrators
        self.channelizers = [_channelizer(group, sample_rate) for group in self.groups]
        self.stfts = [
            wmatrix_stft(group.window, group.hop, group.rows, len(group.offsets_hz)) for group in self.groups
        ]
        for bank, stft, integrator in zip(self.channelizers, self.stfts, self.integrators, strict=True):
            self.connect(self, bank, stft, integrator) if bank else self.connect(self, stft, integrator)
            for port in ("events", "decisions"):
                self.msg_connect(integrator, port, self, port)

    @property
    def readers(self) -> Sequence[CycleReader]:
        """The message blocks inside, for a runner that drains them."""
        return [integrator.reader for integrator in self.integrators]

    def set_interval(self, interval_s: float) -> None:
        """Look for another inter-pulse interval, s, from a following cycle on."""
        self._only().set_interval(interval_s)

    def set_pulses(self, pulses: int) -> None:
        """Sum another number of pulses from a following cycle on."""
        self._only().set_pulses(pulses)

    def set_false_alarm_probability(self, probability: float) -> None:
        """Change the false-alarm probability from a following cycle on."""
        self._only().set_false_alarm_probability(probability)

    def set_offset(self, offset_hz: float) -> None:
        """Move the channel, Hz from the input's centre, at the next sample of the channel.

        Raises
        ------
        InputError
            If the channel is the whole input and cannot move, or would not lie in the input.
        """
        self._only()
        changed = build(
            PulseSettings, {**self.settings.model_dump(), "offset_hz": offset_hz}, "Pulse Detector"
        )
        if changed == self.settings:
            return
        if not self.channelizers[0]:
            raise InputError("the channel is the whole input; it has no offset to change")
        (group,) = plan(changed, (), False, self.sample_rate, None)  # refuses what lies outside the input
        self.channelizers[0].set_frequency(0, *group.offsets_hz)
        self.settings = changed
        log.info("channel moved to %+g Hz", offset_hz)

    def change(self, **values: Any) -> None:
        """Change settings by name, as `set_interval` and its like do.

        For the callbacks of a flowgraph, where an exception would end the program: what does not fit is
        logged and left as it was.
        """
        change_quietly(self, values)

    def _only(self) -> KFoldIntegrator:
        if len(self.integrators) != 1 or len(self.groups[0].watches) != 1:
            raise InputError("live changes need a detector of one tag; restart it with another tags file")
        return self.integrators[0]

    def drain(self) -> int:
        """Handle messages that were left when the flowgraph ended."""
        return sum(integrator.drain() for integrator in self.integrators)


def _channelizer(group: Group, sample_rate: float) -> Any:
    if not group.channelised:
        return None
    taps = channel_taps(sample_rate, group.decimation)
    fft_size = choose_fft_size(sample_rate, group.decimation, group.offsets_hz)
    bank = channelizer(sample_rate, group.decimation, fft_size, taps, list(group.offsets_hz))
    # With hundreds of channels the default buffer would not hold the windows that the STFT asks for.
    # By port: GNU Radio tells of the call without one on standard output, where only results belong.
    bank.set_min_output_buffer(0, 4 * group.window)
    return bank


__all__ = [
    "LIVE_SETTINGS",
    "UNKNOWN_STREAM",
    "CycleReader",
    "KFoldIntegrator",
    "PulseDetector",
    "kfold_integrator",
]
