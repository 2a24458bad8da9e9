# SPDX-License-Identifier: GPL-3.0-or-later
"""Which tags can be judged in samples of a known length."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace

from ..core.errors import InputError
from .plan import Group, Watch

log = logging.getLogger(__name__)


def watch_seconds(group: Group, watch: Watch) -> float:
    """Length of one cycle of a watch, s."""
    return group.geometry(watch).cycle_samples / group.channel_rate


def cycle_seconds(group: Group) -> float:
    """Length of the shortest cycle of a group, s."""
    return min(watch_seconds(group, watch) for watch in group.watches)


def watchable(groups: Sequence[Group], sample_count: int, sample_rate: float) -> tuple[Group, ...]:
    """The groups without the watches whose cycle is longer than the samples; a warning names each of these.

    Channels and shares of the false-alarm probability stay, so that the other watches give the same events
    as where the length is not known.

    Parameters
    ----------
    groups : sequence of Group
    sample_count : int
        Of the input, at `sample_rate`, Hz.

    Raises
    ------
    InputError
        No watch fits; with the least length that would be needed.
    """

    def fits(group: Group, watch: Watch) -> bool:
        return group.geometry(watch).cycle_samples * group.decimation <= sample_count

    present_s = sample_count / sample_rate
    watches = [(group, watch) for group in groups for watch in group.watches]
    if not any(fits(group, watch) for group, watch in watches):
        group, watch = min(watches, key=lambda pair: watch_seconds(*pair))
        raise InputError(
            f"{present_s:.2f} s of samples are shorter than one cycle: "
            f"{watch.settings.pulses} pulses of a {watch.settings.interval_s:g} s tag need "
            f"{watch_seconds(group, watch):.2f} s; sum fewer pulses with -k, or give a longer recording"
        )
    for group, watch in watches:
        if not fits(group, watch):
            log.warning(
                "tag %s is not watched: its cycle of %d pulses needs %.2f s, and there are %.2f s of samples",
                watch.tag_id,
                watch.settings.pulses,
                watch_seconds(group, watch),
                present_s,
            )
    kept = (replace(group, watches=tuple(w for w in group.watches if fits(group, w))) for group in groups)
    return tuple(group for group in kept if group.watches)
