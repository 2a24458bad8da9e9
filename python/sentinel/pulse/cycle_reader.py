# SPDX-License-Identifier: GPL-3.0-or-later
"""From the messages of the K-fold core to decisions and events on ports."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pmt
from gnuradio import gr

from .._sentinel import kfold_watch
from ..core.block import SafeBlock, guarded
from ..core.event import Event
from ..core.event_pmt import to_pmt
from .cycle import Cycle
from .events import Stream, decision_of, events_of
from .plan import Group, Watch, with_watch

log = logging.getLogger(__name__)


class CycleReader(SafeBlock, gr.basic_block):
    """Turns the messages of the K-fold core into decisions and events, and logs its changes.

    Message ports: `cycles` in, `events` and `decisions` out. The core's changes come in by `cycles` too: only
    within one port are messages handled in the order they were sent. `on_cycle`, if set, is called
    with every `Cycle` and its events before they are published: the command prints its lines there.
    `check_event`, if set, gets each event before that and returns it, perhaps with more flags.
    """

    def __init__(self, group: Group, stream: Stream, center_freq: float = 0.0) -> None:
        gr.basic_block.__init__(self, "pulse_cycle_reader", None, None)
        self.group = group
        self.stream = stream
        self.center_freq = center_freq
        self.on_cycle: Callable[[Cycle, Group, list], None] | None = None
        self.on_change: Callable[[dict], None] | None = None
        self.check_event: Callable[[Event], Event] | None = None
        self._announced: list[tuple[int, kfold_watch, Watch]] = []
        self.register_handler("cycles", self.handle)
        for port in ("events", "decisions"):
            self.message_port_register_out(pmt.intern(port))

    def expect_change(self, index: int, core: kfold_watch, watch: Watch) -> None:
        """What the announcement of this change by the core will mean for watch `index`."""
        self._announced.append((index, core, watch))

    @guarded
    def handle(self, message: Any) -> None:
        """Take a judged cycle, or a change that holds for those after it."""
        is_cycle = pmt.dict_has_key(message, pmt.intern("trains"))
        self._cycle(message) if is_cycle else self._change(message)

    def _cycle(self, message: Any) -> None:
        """Publish the decision and the events of one cycle."""
        cycle = Cycle.from_pmt(message)
        if not cycle.sample_rate:  # a source that tags nothing: the rate is what the detector was told
            cycle = replace(cycle, sample_rate=self.group.channel_rate * self.group.decimation)
        if cycle.center_freq is None and self.center_freq:
            cycle = replace(cycle, center_freq=self.center_freq)
        events = events_of(cycle, self.group, self.group.watches, self.stream)
        if self.check_event is not None:
            events = [self.check_event(event) for event in events]
        if self.on_cycle is not None:
            self.on_cycle(cycle, self.group, events)
        self.message_port_pub(pmt.intern("decisions"), decision_of(cycle).to_pmt())
        for event in events:
            self.message_port_pub(pmt.intern("events"), to_pmt(event))

    def _change(self, message: Any) -> None:
        """Take the settings that the core has just put in force."""
        change = pmt.to_python(message)
        index = int(change["watch"])
        for place, (changed, core, watch) in enumerate(self._announced):
            if changed == index and _is_change_to(change, core):
                self.group = with_watch(self.group, index, lambda _, watch=watch: watch)
                # Earlier changes of this watch were replaced before they came into force.
                kept = (a for a in self._announced[:place] if a[0] != index)
                self._announced = [*kept, *self._announced[place + 1 :]]
                break
        watch = self.group.watches[index]
        log.info(
            "tag %s: from here on %d pulses of %g s, false_alarm_probability %g, threshold %.2f",
            watch.tag_id,
            watch.settings.pulses,
            watch.settings.interval_s,
            watch.false_alarm_probability,
            change["threshold"],
        )
        if self.on_change is not None:
            self.on_change(change)


def _is_change_to(change: dict, core: kfold_watch) -> bool:
    geometry = core.geometry
    there = (change["threshold"], change["interval_samples"], change["pulses"])
    return there == (core.threshold, geometry.interval_samples, geometry.pulses)
