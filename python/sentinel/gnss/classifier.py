# SPDX-License-Identifier: GPL-3.0-or-later
"""Names the intervals that a monitor follows: revisions and descriptions in, named revisions out."""

from __future__ import annotations

import numpy as np

from ..core.event import Event
from .events import named
from .learned import ClassModel
from .naming import Tally


class Classifier:
    """Sums up what each interval looks like.

    Parameters
    ----------
    model : ClassModel
    unknown_share : float
        Share of known interference that may be called unknown.
    minute : int
        Snapshots in a minute.
    """

    def __init__(self, model: ClassModel, unknown_share: float = 0.05, minute: int = 60) -> None:
        self.model = model
        self.limit = model.limit(unknown_share)
        self.minute = minute
        self._tallies: dict[str, Tally] = {}

    def add(self, event_id: str, description: np.ndarray) -> Tally:
        """Take the description of one detected snapshot of an interval."""
        tally = self._tallies.setdefault(event_id, Tally(self.model.classes, self.limit, self.minute))
        (prediction,) = self.model.predict(description)
        tally.add(prediction)
        return tally

    def name(self, event: Event) -> Event:
        """A revision of an event with its class; what is kept of it goes when it is closed."""
        tally = self._tallies.get(event.id)
        if event.state == "closed":
            self._tallies.pop(event.id, None)
            if tally is not None:
                tally.end_minute()
        return event if tally is None else named(event, tally, self.model.loaded.event_model)
