# SPDX-License-Identifier: GPL-3.0-or-later
"""Names the intervals that a monitor follows: revisions and descriptions in, named revisions out."""

from __future__ import annotations

import numpy as np

from ..core.event import Event
from .clusters.cluster_store import ClusterStore
from .clusters.unknown_clusters import IntervalRows
from .events import named
from .learned import ClassModel
from .naming import Tally
from .uncertainty import UNKNOWN


class Classifier:
    """Sums up what each interval looks like.

    Parameters
    ----------
    model : ClassModel
    unknown_share : float
        Share of known interference that may be called unknown.
    minute : int
        Snapshots in a minute.
    clusters : ClusterStore, optional
        Where closed intervals go that are unknown.
    """

    def __init__(
        self,
        model: ClassModel,
        unknown_share: float = 0.05,
        minute: int = 60,
        clusters: ClusterStore | None = None,
    ) -> None:
        self.model = model
        self.limit = model.limit(unknown_share)
        self.minute = minute
        self.clusters = clusters
        self._tallies: dict[str, Tally] = {}
        self._rows: dict[str, IntervalRows] = {}

    def add(self, event_id: str, description: np.ndarray) -> Tally:
        """Take the description of one detected snapshot of an interval."""
        tally = self._tallies.setdefault(event_id, Tally(self.model.classes, self.limit, self.minute))
        (prediction,) = self.model.predict(description)
        tally.add(prediction)
        if self.clusters is not None:
            self._rows.setdefault(event_id, IntervalRows()).add(description)
        return tally

    def name(self, event: Event) -> Event:
        """A revision of an event with its class; what is kept of it goes when it is closed."""
        tally = self._tallies.get(event.id)
        if tally is None:
            return event
        if event.state != "closed":
            return named(event, tally, self.model.loaded.event_model)
        del self._tallies[event.id]
        rows = self._rows.pop(event.id, None)
        tally.end_minute()
        event = named(event, tally, self.model.loaded.event_model)
        return event if rows is None or event.label != UNKNOWN else self.clusters.take(event, rows)
