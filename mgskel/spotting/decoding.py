"""Probabilities over time become events, one moment after the other.

Each class has its own thresholds: a gesture begins where the probability stays above `leave` and
reaches `enter`, and ends where it has been below `leave` for two moments. Within a body group one
gesture at a time is said, the one with most evidence; gestures of different groups may overlap.
Nothing later than those two moments is ever looked at, so a camera and a file give the same events.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from mgskel.core.events import GestureEvent
from mgskel.core.gestures import Vocabulary

QUIET_MOMENTS = 2
"""A gesture is over when so many moments in a row speak against it."""
_ENOUGH_SEEN = 0.5
_SHORTEST_EVENT_S = 0.02


@dataclass(frozen=True)
class DecodingSettings:
    """What was fitted on validation recordings.

    Attributes:
        enter, leave: thresholds of each class.
        shortest_s: shortest event of each class.
        onset_shift_s, offset_shift_s: added to the found times, against systematic lag.
        smooth: each probability is the mean of so many last ones.
    """

    enter: tuple[float, ...]
    leave: tuple[float, ...]
    shortest_s: tuple[float, ...]
    onset_shift_s: float = 0.0
    offset_shift_s: float = 0.0
    smooth: int = 2

    @classmethod
    def uniform(cls, classes: int, enter: float = 0.5, leave: float = 0.3) -> DecodingSettings:
        """The same thresholds for all, where nothing has been fitted yet."""
        return cls((enter,) * classes, (leave,) * classes, (0.25,) * classes)


class Decoder:
    """Follows one person.

    Args:
        step_s: time from one moment to the next.
        exclusive: say one gesture per body group at a time.
        source: whose events these are, the recognizer's name.
    """

    def __init__(
        self,
        vocabulary: Vocabulary,
        settings: DecodingSettings,
        step_s: float,
        person: str = "1",
        exclusive: bool = True,
        source: str = "",
    ) -> None:
        k = len(vocabulary)
        self.vocabulary, self.settings = vocabulary, settings
        self.step_s, self.person, self.exclusive = step_s, person, exclusive
        self.source = source
        self._enter, self._leave = np.array(settings.enter), np.array(settings.leave)
        group = {name: i for i, name in enumerate(vocabulary.groups)}
        self._group = np.array([group[gesture.group] for gesture in vocabulary])
        self._said_until = np.zeros(len(group))
        # Per class: when the probability rose above `leave`, and what has been seen since.
        self._rise = np.full(k, np.nan)
        self._open = np.zeros(k, bool)
        self._quiet = np.zeros(k, int)
        self._moments = np.zeros(k)
        self._total = np.zeros(k)
        self._evidence = np.zeros(k)
        self._served = np.zeros(k)
        self._now = 0.0
        self._last: deque[np.ndarray] = deque(maxlen=settings.smooth)

    def step(self, time_s: float, scores: np.ndarray, served: np.ndarray) -> list[GestureEvent]:
        """Take in one moment.

        Args:
            scores: (K,) probabilities.
            served: (K,) bool, whether the joints that each class needs are seen.

        Returns:
            events that are now known to be over.
        """
        self._now = time_s
        self._last.append(scores)
        scores = np.mean(self._last, axis=0)
        loud = scores >= self._leave
        new = loud & np.isnan(self._rise)
        self._rise[new] = time_s
        alive = ~np.isnan(self._rise)
        if not alive.any():
            return []
        self._open |= loud & (scores >= self._enter)
        self._quiet = np.where(loud, 0, self._quiet + alive)
        self._moments += loud
        self._total += np.where(loud, scores, 0)
        self._evidence += np.where(loud, scores - self._leave, 0)
        self._served += loud & served
        over = alive & (self._quiet >= QUIET_MOMENTS)
        if not over.any():
            return []
        end = time_s - (QUIET_MOMENTS - 1) * self.step_s
        events = [self._close(int(i), end) for i in np.flatnonzero(over & self._open)]
        self._forget(over)
        return [event for event in events if event is not None]

    def finish(self) -> list[GestureEvent]:
        """The recording is over: so is every gesture."""
        ends = self._now + (1 - self._quiet) * self.step_s
        last = np.flatnonzero(self._open)
        events = [self._close(int(i), float(ends[i])) for i in last]
        self._forget(np.ones_like(self._open))
        return [event for event in events if event is not None]

    def _close(self, index: int, end: float) -> GestureEvent | None:
        rivals = self._open & (self._group == self._group[index])
        if self.exclusive and self._evidence[index] < self._evidence[rivals].max():
            return None
        start, moments = self._rise[index], self._moments[index]
        long_enough = end - start >= self.settings.shortest_s[index] - 1e-6
        if not long_enough or self._served[index] < _ENOUGH_SEEN * moments:
            return None
        begin = max(start + self.settings.onset_shift_s, 0.0)
        until = end + self.settings.offset_shift_s
        if self.exclusive:
            begin = max(begin, self._said_until[self._group[index]])
        if until - begin < _SHORTEST_EVENT_S:
            return None
        if self.exclusive:
            self._said_until[self._group[index]] = until
            rivals[index] = False
            self._restart(rivals, end)
        gesture = self.vocabulary.by_id(index)
        return GestureEvent(
            person=self.person,
            label=gesture.name,
            class_id=gesture.id,
            start_s=round(float(begin), 3),
            end_s=round(float(until), 3),
            score=round(float(np.clip(self._total[index] / moments, 0, 1)), 4),
            micro=gesture.micro,
            group=gesture.group,
            source=self.source,
        )

    def _restart(self, which: np.ndarray, time_s: float) -> None:
        """Their time up to now belongs to the gesture just said."""
        self._rise[which] = np.maximum(self._rise[which], time_s)
        self._evidence[which] = 0

    def _forget(self, which: np.ndarray) -> None:
        self._rise[which] = np.nan
        self._open[which] = False
        for counter in (self._quiet, self._moments, self._total, self._evidence, self._served):
            counter[which] = 0


def smoothed(scores: np.ndarray, moments: int) -> np.ndarray:
    """What the decoder makes of scores (K, T): means of the last `moments`."""
    total = np.cumsum(np.pad(scores, ((0, 0), (1, 0))), axis=1)
    to = np.arange(1, total.shape[1])
    since = np.maximum(to - moments, 0)
    return np.asarray((total[:, to] - total[:, since]) / (to - since))


def decode(
    scores: np.ndarray,
    served: np.ndarray,
    vocabulary: Vocabulary,
    settings: DecodingSettings,
    step_s: float,
    start_s: float = 0.0,
    person: str = "1",
    exclusive: bool = True,
    source: str = "",
) -> list[GestureEvent]:
    """Events of a whole recording.

    Args:
        scores: (K, T) probabilities.
        served: (K, T) bool.
    """
    decoder = Decoder(vocabulary, settings, step_s, person, exclusive, source)
    return follow(decoder, [(scores, served)], start_s)


def follow(
    decoder: Decoder, parts: Iterable[tuple[np.ndarray, np.ndarray]], start_s: float
) -> list[GestureEvent]:
    """Events of a recording that comes in parts.

    Args:
        parts: scores (K, T) and served (K, T), one after the other; further rows are left out.
    """
    events: list[GestureEvent] = []
    index = 0
    for scores, served in parts:
        for moment, seen in zip(scores[: len(served)].T, served.T, strict=True):
            events += decoder.step(start_s + index * decoder.step_s, moment, seen)
            index += 1
    return events + decoder.finish()
