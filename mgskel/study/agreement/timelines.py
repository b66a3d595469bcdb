"""What several coders say at each moment of a recording, as stretches in which nothing changes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mgskel.core.events import GestureEvent

Spans = np.ndarray
"""Sorted stretches of one label that do not touch, (n, 2) seconds."""


def by_label(events: Sequence[GestureEvent]) -> dict[str, list[GestureEvent]]:
    """Events by what they are called, in their order."""
    groups: dict[str, list[GestureEvent]] = {}
    for event in events:
        groups.setdefault(event.label, []).append(event)
    return groups


def spans_of(events: Sequence[GestureEvent]) -> Spans:
    """When any of the events runs: joined where they touch or overlap."""
    pairs = sorted((e.start_s, e.end_s) for e in events)
    joined: list[list[float]] = []
    for start, end in pairs:
        if joined and start <= joined[-1][1]:
            joined[-1][1] = max(joined[-1][1], end)
        else:
            joined.append([start, end])
    return np.array(joined).reshape(-1, 2)


class Timeline:
    """Several coders' labels over one recording.

    Attributes:
        widths: (S,) seconds of each stretch.
        present: (coders, S, L) whether a coder has a label there.
    """

    def __init__(
        self,
        coders: Sequence[Sequence[GestureEvent]],
        labels: Sequence[str],
        duration_s: float,
        tolerance_s: float = 0.0,
    ) -> None:
        self._tolerance = tolerance_s
        groups = [by_label(events) for events in coders]
        self._spans = [[spans_of(group.get(label, ())) for label in labels] for group in groups]
        moments = [0.0, duration_s]
        for spans in self._spans:
            for span in spans:
                for shift in {-tolerance_s, 0.0, tolerance_s}:
                    moments += (span.ravel() + shift).tolist()
        edges = np.unique(np.clip(moments, 0, duration_s))
        self.widths = np.diff(edges)
        self._middles = (edges[:-1] + edges[1:]) / 2
        self._edges = edges
        self.present = self._inside(0.0)

    def _inside(self, grow_s: float) -> np.ndarray:
        """Labels whose spans, made longer at both ends, hold each stretch: (coders, S, L)."""
        found = np.zeros((len(self._spans), len(self._middles), len(self._spans[0])), bool)
        for coder, spans in enumerate(self._spans):
            for label, span in enumerate(spans):
                for start, end in span:
                    # Shrinking stops at the recording's ends: nothing is known beyond them.
                    low = start - grow_s if start > 0 or grow_s > 0 else start
                    high = end + grow_s if end < self._edges[-1] or grow_s > 0 else end
                    first = np.searchsorted(self._middles, low, "right")
                    last = np.searchsorted(self._middles, high, "left")
                    found[coder, first:last, label] = True
        return found

    def seen_by(self, coder: int, other: int) -> np.ndarray:
        """What the other coder says, given the benefit of the tolerance: (S, L).

        Where the coder's mark (present or absent) is found in the other's within the tolerance,
        the other is taken to agree.
        """
        mine, theirs = self.present[coder], self.present[other]
        if self._tolerance == 0:
            return theirs
        near_present = self._inside(self._tolerance)[other]
        near_absent = ~self._inside(-self._tolerance)[other]
        return np.where(mine, near_present, theirs & ~near_absent)

    def sets(self) -> tuple[np.ndarray, np.ndarray]:
        """Which labels run together: codes (coders, S) and the sets they stand for (K, L)."""
        coders, stretches, labels = self.present.shape
        kinds, codes = np.unique(self.present.reshape(-1, labels), axis=0, return_inverse=True)
        return codes.reshape(coders, stretches), kinds

    def near_code(self, codes: np.ndarray, coder: int, other: int) -> np.ndarray:
        """The other coder's code, or the coder's own where the other has it within the tolerance.

        Of codes (coders, S) as from `sets`.
        """
        mine, theirs = codes[coder], codes[other]
        if self._tolerance == 0:
            return theirs
        first = np.searchsorted(self._edges[1:], self._middles - self._tolerance, "right")
        last = np.searchsorted(self._edges[:-1], self._middles + self._tolerance, "left")
        agreed = [
            bool((theirs[a:b] == code).any()) for code, a, b in zip(mine, first, last, strict=True)
        ]
        return np.where(agreed, mine, theirs)
