# SPDX-License-Identifier: GPL-3.0-or-later
"""Messages of gpsd put together into one state per epoch, and the state that belongs to a snapshot.

A receiver tells one second in several messages: TPV twice or three times, SKY once per constellation, in
any order. They are one epoch. What an epoch does not bring (some receivers tell their sky every 5 s) is
carried over from the one before with its age, and dropped when it is `STALE_AFTER_S` old.
"""

from __future__ import annotations

import threading
from collections import OrderedDict, deque
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from .receiver_data import (
    STALE_AFTER_S,
    FrontEnd,
    ReceiverState,
    message_time_s,
    with_errors,
    with_fix,
    with_front_end,
    with_sky,
    without_fix,
    without_sky,
)

#: States kept: 10 minutes at one a second.
HISTORY_STATES = 600
#: Receivers of one gpsd that are told apart; of more the longest silent is forgotten.
MAX_DEVICES = 8
#: A pause between messages that begins a new epoch, where their times do not tell, s.
_PAUSE_S = 0.5
#: Longest that the messages of one epoch take, s.
_LONGEST_S = 0.9
#: A receiver's clock within this of ours is taken as the better of the two, s.
_CLOCK_AGREES_S = 2.0


def moment_s(state: ReceiverState) -> float | None:
    """POSIX time at which a state holds, on the clock that snapshots are stamped with.

    The receiver's own time where our clock agrees with it; else, as while it knows no time or our clock was
    never set, the time of arrival. Read from a log, the receiver's time.
    """
    if state.received_s is None:
        return state.time_s
    if state.time_s is not None and abs(state.time_s - state.received_s) <= _CLOCK_AGREES_S:
        return state.time_s
    return state.received_s


@dataclass
class _Epoch:
    state: ReceiverState
    has_fix: bool = False  # of its own, not carried over
    has_sky: bool = False
    first_arrival_s: float | None = None
    last_arrival_s: float | None = None


class EpochAssembler:
    """States of one receiver from its messages, in order of arrival.

    Not safe for threads.
    """

    def __init__(self, device: str | None = None) -> None:
        self._device = device
        self._epoch: _Epoch | None = None

    def add(
        self, message: Mapping[str, Any], received_s: float | None = None, arrival_s: float | None = None
    ) -> tuple[ReceiverState, bool] | None:
        """Take one message.

        Parameters
        ----------
        message : mapping
            Of class TPV, SKY or GST, or any other that tells of the receiver's input.
        received_s, arrival_s : float, optional
            When it came: POSIX time and monotonic time; None for a log.

        Returns
        -------
        (ReceiverState, bool) or None
            The state of the epoch so far and whether it is a new epoch; None if the message says nothing.
        """
        kind = message.get("class")
        begins = self._begins_epoch(kind, message, arrival_s)
        if self._epoch is None or begins:
            if kind not in ("TPV", "SKY"):
                return None
            self._begin(received_s, arrival_s)
        epoch = self._epoch
        before = epoch.state
        state = _with_message(epoch, kind, message)
        if state is None:
            return None
        epoch.last_arrival_s = arrival_s
        epoch.state = replace(state, received_s=before.received_s)
        return epoch.state, begins

    def _begins_epoch(self, kind: Any, message: Mapping[str, Any], arrival_s: float | None) -> bool:
        epoch = self._epoch
        if epoch is None:
            return True
        if kind not in ("TPV", "SKY"):
            return False
        last_s = epoch.last_arrival_s
        paused = arrival_s is not None and last_s is not None and arrival_s - last_s > _PAUSE_S
        time_s = message_time_s(message)
        if kind == "TPV":
            if not epoch.has_fix:  # its sky came first
                return paused
            if time_s != epoch.state.time_s:
                return True
            if time_s is not None:
                # Some repeat the last time they knew for as long as they know none.
                first_s = epoch.first_arrival_s
                return arrival_s is not None and first_s is not None and arrival_s - first_s > _LONGEST_S
            return epoch.has_sky or paused
        if time_s is not None and epoch.state.time_s is not None and epoch.has_fix:
            return time_s > epoch.state.time_s
        return paused

    def _begin(self, received_s: float | None, arrival_s: float | None) -> None:
        if self._epoch is None:
            state = ReceiverState(received_s=received_s, device=self._device)
        else:
            before_s = self._epoch.first_arrival_s
            passed_s = 1.0 if arrival_s is None or before_s is None else arrival_s - before_s
            state = carried_over(self._epoch.state, passed_s, received_s)
        self._epoch = _Epoch(state, first_arrival_s=arrival_s)


def carried_over(state: ReceiverState, passed_s: float, received_s: float | None) -> ReceiverState:
    """What the next epoch knows before it has brought anything itself."""
    fix_age_s = (state.fix_age_s or 0.0) + passed_s
    sky_age_s = (state.sky_age_s or 0.0) + passed_s
    state = replace(
        state,
        received_s=received_s,
        time_s=None,
        front_end=FrontEnd(),  # told with each epoch where it is told at all
        fix_age_s=fix_age_s,
        sky_age_s=sky_age_s,
    )
    if state.mode is None or fix_age_s > STALE_AFTER_S:
        state = without_fix(state)
    return without_sky(state) if sky_age_s > STALE_AFTER_S else state


def _with_message(epoch: _Epoch, kind: Any, message: Mapping[str, Any]) -> ReceiverState | None:
    if kind == "TPV":
        epoch.has_fix = True
        return with_fix(epoch.state, message)
    if kind == "SKY":
        state = with_sky(epoch.state, message, dilution_is_old=not epoch.has_sky)
        epoch.has_sky = True
        return state
    if kind == "GST":
        return with_errors(epoch.state, message)
    state = with_front_end(epoch.state, message)
    return None if state.front_end == epoch.state.front_end else state


class StateHistory:
    """The last states of one receiver, and which of them belongs to a snapshot. Safe for threads.

    Parameters
    ----------
    limit : int or None
        States kept; None keeps all, for a log.
    """

    def __init__(self, limit: int | None = HISTORY_STATES) -> None:
        self._states: deque[ReceiverState] = deque(maxlen=limit)
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._states)

    def put(self, state: ReceiverState, is_new: bool) -> None:
        """Add the state of a new epoch, or put the fuller one of the last epoch in its place."""
        with self._lock:
            if self._states and not is_new:
                self._states[-1] = state
            else:
                self._states.append(state)

    def latest(self) -> ReceiverState | None:
        """The last one, however old."""
        with self._lock:
            return self._states[-1] if self._states else None

    def states(self) -> tuple[ReceiverState, ...]:
        """Those that are kept, in order of arrival."""
        with self._lock:
            return tuple(self._states)

    def state_at(self, time_s: float, length_s: float = 1.0) -> ReceiverState | None:
        """The state that belongs to the snapshot [time_s, time_s + length_s).

        The last one within it; else the last one before, with its age; one older than `STALE_AFTER_S` at
        the snapshot's begin is stale and has lost its values. None if there was none yet.
        """
        end_s = time_s + length_s
        with self._lock:
            for state in reversed(self._states):
                at_s = moment_s(state)
                if at_s is None or at_s >= end_s:
                    continue
                age_s = end_s - at_s
                if time_s - at_s > STALE_AFTER_S:
                    return state.as_stale(age_s)
                return replace(state, age_s=age_s)
        return None


class Receivers:
    """The histories of all receivers of one gpsd, and which of them is listened to. Safe for threads.

    Parameters
    ----------
    device : str, optional
        Path of the one to listen to. Otherwise the first one, and another one while that is silent.
    limit : int or None
        States kept of each.
    """

    def __init__(self, device: str | None = None, limit: int | None = HISTORY_STATES) -> None:
        self._wanted = device
        self._limit = limit
        self._lock = threading.Lock()
        self._all: OrderedDict[str, tuple[EpochAssembler, StateHistory]] = OrderedDict()
        self._heard_s: dict[str, float] = {}
        self._current: str | None = None

    @property
    def devices(self) -> tuple[str, ...]:
        """Those that have said something."""
        with self._lock:
            return tuple(self._all)

    def add(
        self, message: Mapping[str, Any], received_s: float | None = None, arrival_s: float | None = None
    ) -> bool:
        """Take one message; False if it says nothing of a receiver."""
        name = message.get("device")
        with self._lock:
            if not isinstance(name, str):  # of the only receiver there is
                name = self._wanted or self._current or ""
            if self._wanted is not None and name != self._wanted:
                return False
            assembler, history = self._of(name)
            told = assembler.add(message, received_s, arrival_s)
            if told is None:
                return False
            history.put(*told)
            if arrival_s is not None:
                self._heard_s[name] = arrival_s
            self._choose(name, arrival_s)
        return True

    def _of(self, name: str) -> tuple[EpochAssembler, StateHistory]:
        if name not in self._all:
            while len(self._all) >= MAX_DEVICES:
                gone, _ = self._all.popitem(last=False)
                self._heard_s.pop(gone, None)
            self._all[name] = (EpochAssembler(name or None), StateHistory(self._limit))
        self._all.move_to_end(name)
        return self._all[name]

    def _choose(self, name: str, arrival_s: float | None) -> None:
        current = self._current
        silent = current not in self._all
        if not silent and arrival_s is not None:
            silent = arrival_s - self._heard_s.get(current, arrival_s) > STALE_AFTER_S
        if silent:
            self._current = name

    @property
    def history(self) -> StateHistory | None:
        """Of the receiver that is listened to; None before any has said something."""
        with self._lock:
            return None if self._current is None else self._all[self._current][1]
