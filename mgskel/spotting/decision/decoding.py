"""Evidence over time becomes events, one moment after the other.

A body group's stretch begins where its presence stays above a low mark, counts once it has
reached a higher one, and is over when presence has been low for two moments. Then it is judged
as a whole. Nothing later than those two moments is ever looked at, so a camera and a file give
the same events; and nothing but the moments counts, so a gesture that is held from before the
first frame to after the last is found like any other.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from mgskel.core.events import GESTURE, GROUP, UNKNOWN_CLASS, GestureEvent
from mgskel.core.gestures import Vocabulary, group_in_words
from mgskel.spotting.decision.decision_rule import (
    DEFAULT_SENSITIVITY,
    ENTER,
    LEAVE,
    STRETCH_TERMS,
    DecisionRule,
    Judge,
    Stretch,
    probability,
    shifted,
)
from mgskel.spotting.decision.hand_place import PLACE_TERMS

QUIET_MOMENTS = 2
"""A gesture is over when so many moments in a row speak against it."""
_NAMED = 0.3
"""Share of a group's chance from which its likeliest gesture is named."""
_SECOND = 0.5
_MOST_SHARED = 0.5
_LIKELY_ENOUGH = 0.05
_MOST_ALTERNATIVES = 4
_SHORTEST_EVENT_S = 0.02
_REMEMBERED = 16
_NO_RIVAL = -6.0
_CLOSE_S = 1e-6
_MEANS = ("presence", "any gesture", "presence of what else hands may do", *PLACE_TERMS)


@dataclass(frozen=True, eq=False)
class MomentTrack:
    """One person's way through a recording, or through the next part of it.

    Attributes:
        log_odds: (K + 1, T) of the gestures and of any gesture.
        served: (K, T) bool, whether what each gesture needs is seen.
        places: (P, T) where the hands are, see `place_terms`.
        start_s, step_s: the time of moment 0 and from one moment to the next.
    """

    person: str
    log_odds: np.ndarray
    served: np.ndarray
    places: np.ndarray
    start_s: float
    step_s: float

    @cached_property
    def scores(self) -> np.ndarray:
        """(K + 1, T) probabilities."""
        return probability(self.log_odds)

    @property
    def num_moments(self) -> int:
        return self.log_odds.shape[1]


class Stretches:
    """Finds stretches of presence in one person's evidence, moments `step_s` apart."""

    def __init__(self, judge: Judge, step_s: float) -> None:
        groups, classes = len(judge.vocabulary.groups), len(judge.vocabulary)
        self.judge, self.step_s = judge, step_s
        self._before: np.ndarray | None = None
        self._count = 0
        self._now = 0.0
        # Per group: when presence rose above `LEAVE`, and what has been seen since.
        self._rise = np.full(groups, np.nan)
        self._from_first = np.zeros(groups, bool)
        self._entered = np.zeros(groups, bool)
        self._quiet = np.zeros(groups, int)
        self._moments = np.zeros(groups, int)
        self._weight = np.zeros(groups)
        self._peak = np.full(groups, -np.inf)
        self._sums = np.zeros((groups, len(_MEANS)))
        self._classes = np.zeros((groups, classes))
        self._served = np.zeros((groups, classes))

    def push(self, part: MomentTrack) -> Iterator[list[Stretch]]:
        """Take in the next moments; yields the stretches that each of them ends."""
        if not part.num_moments:
            return
        smooth = self._smoothed(self.judge.limited(part.log_odds.astype(float), part.served))
        presence = self.judge.presence(smooth)
        chance = probability(presence)
        rival = self._rivals(presence)
        loudest = chance.max(0)
        for index in range(smooth.shape[1]):
            self._now = part.start_s + index * self.step_s
            if loudest[index] < LEAVE and not self._moments.any():
                self._count += 1
                continue
            means = np.empty((len(presence), len(_MEANS)))
            means[:, 0] = presence[:, index]
            means[:, 1] = smooth[-1, index]
            means[:, 2] = rival[:, index]
            means[:, 3:] = part.places[:, index]
            yield self._step(chance[:, index], means, smooth[:-1, index], part.served[:, index])
            self._count += 1

    def open(self, last: bool = False) -> list[Stretch]:
        """The stretches that are going on, as if they were over now.

        Args:
            last: whether no more moments will come.
        """
        end_s = self._now + (1 - self._quiet) * self.step_s
        going_on = np.flatnonzero(self._entered)
        return [self._stretch(int(g), float(end_s[g]), last) for g in going_on]

    def finish(self) -> list[Stretch]:
        """The recording is over: so is every stretch."""
        stretches = self.open(last=True)
        self._forget(np.ones_like(self._entered))
        return stretches

    def _smoothed(self, log_odds: np.ndarray) -> np.ndarray:
        """Means of each moment and the one before."""
        first = log_odds[:, :1] if self._before is None else self._before
        self._before = log_odds[:, -1:].copy()
        return (log_odds + np.concatenate([first, log_odds[:, :-1]], 1)) / 2

    def _rivals(self, presence: np.ndarray) -> np.ndarray:
        """The strongest presence of what else hands may do, (G, n)."""
        rivals = self.judge.rivals
        strongest = np.full_like(presence, _NO_RIVAL)
        for group in np.flatnonzero(rivals.any(1)):
            strongest[group] = np.maximum(presence[rivals[group]].max(0), _NO_RIVAL)
        return strongest

    def _step(
        self, chance: np.ndarray, means: np.ndarray, classes: np.ndarray, served: np.ndarray
    ) -> list[Stretch]:
        loud = chance >= LEAVE
        new = loud & np.isnan(self._rise)
        alive = ~np.isnan(self._rise) | new
        if not alive.any():
            return []
        self._rise[new] = self._now
        self._from_first[new] = self._count == 0
        self._entered |= loud & (chance >= ENTER)
        self._quiet = np.where(loud, 0, self._quiet + alive)
        weight = np.where(loud, chance**2, 0)
        self._moments += loud
        self._weight += weight
        self._peak = np.where(loud, np.maximum(self._peak, means[:, 0]), self._peak)
        self._sums += weight[:, None] * means
        self._classes += weight[:, None] * classes
        self._served += loud[:, None] & served
        over = alive & (self._quiet >= QUIET_MOMENTS)
        if not over.any():
            return []
        end_s = self._now - (QUIET_MOMENTS - 1) * self.step_s
        stretches = [self._stretch(int(g), end_s) for g in np.flatnonzero(over & self._entered)]
        self._forget(over)
        return stretches

    def _stretch(self, group: int, end_s: float, last: bool = False) -> Stretch:
        weight = max(float(self._weight[group]), 1e-9)
        length_s = max(end_s - float(self._rise[group]), self.step_s)
        named = dict(zip(_MEANS, self._sums[group] / weight, strict=True))
        named |= {
            "constant": 1.0,
            "strongest presence": float(self._peak[group]),
            "log of the length in seconds": float(np.log(length_s)),
            "from the first moment on": float(self._from_first[group]),
            "to the last moment": float(last),
        }
        return Stretch(
            group,
            float(self._rise[group]),
            end_s,
            self._classes[group] / weight,
            np.array([named[term] for term in STRETCH_TERMS]),
            self._served[group] / max(int(self._moments[group]), 1),
        )

    def _forget(self, which: np.ndarray) -> None:
        self._rise[which] = np.nan
        self._peak[which] = -np.inf
        for flag in (self._entered, self._from_first):
            flag[which] = False
        for counter in (
            self._quiet, self._moments, self._weight, self._sums, self._classes, self._served
        ):  # fmt: skip
            counter[which] = 0


@dataclass(frozen=True, eq=False)
class Verdict:
    """What is made of a stretch that is over.

    Attributes:
        chances: (K,) of each class of its group; the rest to 1 is nothing.
        contested: whether hands do something likelier for most of it.
    """

    stretch: Stretch
    chances: np.ndarray
    contested: bool

    @property
    def chance(self) -> float:
        """That something of the group happened."""
        return float(self.chances.sum())

    @property
    def class_id(self) -> int:
        """The likeliest gesture; -1 where none is likely among those of the group."""
        best = int(self.chances.argmax())
        return best if self.chances[best] >= _NAMED * self.chance else UNKNOWN_CLASS

    def counts(self, least: float, least_second: float) -> bool:
        """Whether it is likely enough to be said."""
        return self.chance >= (max(least, least_second) if self.contested else least)


class Verdicts:
    """Judges one person's stretches, each as soon as it is over."""

    def __init__(self, judge: Judge, step_s: float) -> None:
        self.judge = judge
        self._stretches = Stretches(judge, step_s)
        self._recent: deque[tuple[Stretch, float]] = deque(maxlen=_REMEMBERED)

    def push(self, part: MomentTrack) -> Iterator[Verdict]:
        """Take in the next moments."""
        for over in self._stretches.push(part):
            yield from self._of(over)

    def finish(self) -> list[Verdict]:
        """The recording is over: so is every stretch."""
        return self._of(self._stretches.finish())

    def _of(self, stretches: list[Stretch]) -> list[Verdict]:
        judged = [(stretch, self.judge.chances(stretch)) for stretch in stretches]
        judged.sort(key=lambda pair: -pair[1].sum())
        self._recent.extend((stretch, float(chances.sum())) for stretch, chances in judged)
        return [
            Verdict(stretch, chances, self._contested(stretch, float(chances.sum())))
            for stretch, chances in judged
        ]

    def _contested(self, stretch: Stretch, chance: float) -> bool:
        # Talking hands are everywhere: they are no reason to doubt a touch.
        rivals = self.judge.rivals[stretch.group] & ~self.judge.talking
        if not rivals.any():
            return False
        shared = _MOST_SHARED * (stretch.end_s - stretch.start_s)
        going_on = ((s, float(self.judge.chances(s).sum())) for s in self._stretches.open())
        return any(
            rivals[other.group]
            and likely > chance
            and _shared_s(other, stretch) > shared + _CLOSE_S
            for other, likely in (*self._recent, *going_on)
        )


class Decoder:
    """Follows one person; `source` is the recognizer whose events these are."""

    def __init__(
        self,
        vocabulary: Vocabulary,
        rule: DecisionRule,
        step_s: float,
        person: str = "1",
        source: str = "",
        sensitivity: float = DEFAULT_SENSITIVITY,
    ) -> None:
        self.vocabulary, self.rule = vocabulary, rule
        self.person, self.source = person, source
        self._verdicts = Verdicts(Judge(vocabulary, rule), step_s)
        self._least = rule.least(sensitivity), least_second(sensitivity)
        self._said_until = np.zeros(len(vocabulary.groups))

    def push(self, part: MomentTrack) -> list[GestureEvent]:
        """Take in the next moments; returns events that are now known to be over."""
        return self._said(self._verdicts.push(part))

    def finish(self) -> list[GestureEvent]:
        """The recording is over: so is every gesture."""
        return self._said(self._verdicts.finish())

    def events(self, parts: Iterable[MomentTrack]) -> list[GestureEvent]:
        """All events of a recording that comes in parts."""
        return [event for part in parts for event in self.push(part)] + self.finish()

    def _said(self, verdicts: Iterable[Verdict]) -> list[GestureEvent]:
        events = (self._event(v) for v in verdicts if v.counts(*self._least))
        return [event for event in events if event is not None]

    def _event(self, verdict: Verdict) -> GestureEvent | None:
        """Its likeliest gesture, or its group where no one is likely."""
        stretch, chances = verdict.stretch, verdict.chances
        start_s = max(stretch.start_s + self.rule.onset_shift_s, 0.0)
        start_s = max(start_s, float(self._said_until[stretch.group]))
        end_s = stretch.end_s + self.rule.offset_shift_s
        if end_s - start_s < _SHORTEST_EVENT_S:
            return None
        self._said_until[stretch.group] = end_s
        group = self.vocabulary.groups[stretch.group]
        own = [gesture for gesture in self.vocabulary if gesture.group == group]
        named = verdict.class_id != UNKNOWN_CLASS
        best = self.vocabulary.by_id(verdict.class_id) if named else None
        others = sorted((g for g in own if g is not best), key=lambda g: -chances[g.id])
        return GestureEvent(
            person=self.person,
            label=best.name if best else group_in_words(group),
            class_id=verdict.class_id,
            start_s=round(start_s, 3),
            end_s=round(end_s, 3),
            score=round(float(chances[best.id]) if best else min(verdict.chance, 1.0), 4),
            micro=best.micro if best else any(gesture.micro for gesture in own),
            group=group,
            level=GESTURE if best else GROUP,
            alternatives=tuple(
                (gesture.name, round(float(chances[gesture.id]), 3))
                for gesture in others[:_MOST_ALTERNATIVES]
                if chances[gesture.id] >= _LIKELY_ENOUGH
            ),
            source=self.source,
        )


def least_second(sensitivity: float = DEFAULT_SENSITIVITY) -> float:
    """Least chance of a second thing that hands do while they do a likelier one."""
    return shifted(_SECOND, sensitivity)


def _shared_s(one: Stretch, other: Stretch) -> float:
    return min(one.end_s, other.end_s) - max(one.start_s, other.start_s)
