"""How long each body part, and each gesture, could be seen: what is not seen is not absent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from mgskel.core.sequence import PoseSequence
from mgskel.core.visibility import hide_unseen, visible
from mgskel.spotting.decision.needs import ENOUGH, need_met

_WORKING = "upper"


class Observability:
    """What can be seen of one person of a recording, at each of its frames."""

    def __init__(self, sequence: PoseSequence, person: int) -> None:
        one = sequence.person(person)
        self._usable, self._layout = visible(one)[0], one.skeleton
        # Needs are named in the recognizer's joints; some of them must be computed first.
        working = hide_unseen(one).to_skeleton(_WORKING, allow_missing=True)
        self._working = working.skeleton, visible(working)[0]
        # A frame stands for the time to the next one; the last for what it nominally takes.
        lasts = np.append(np.diff(sequence.timestamps), 1 / sequence.fps)
        self._widths = lasts[: sequence.num_frames]
        self.times = sequence.timestamps
        self.recorded_s = float(self._widths.sum())

    def part(self, name: str) -> np.ndarray:
        """Whether at least half the joints of a body part are seen, (T,)."""
        return np.asarray(self._usable[:, list(self._layout.parts[name])].mean(1) >= ENOUGH)

    def parts(self) -> Mapping[str, np.ndarray]:
        return {name: self.part(name) for name in self._layout.parts}

    def gesture(self, needs: Iterable[str]) -> np.ndarray:
        """Whether everything that a gesture needs is seen, (T,); without needs, anybody at all."""
        seen: np.ndarray = np.asarray(self._usable.any(1))
        for need in needs:
            layout, usable = self._working
            met = need_met(need, self._usable, self._layout) | need_met(need, usable, layout)
            seen = seen & met
        return seen

    def seconds(self, seen: np.ndarray, start_s: float = -np.inf, end_s: float = np.inf) -> float:
        """Seconds of seen frames that begin within [start_s, end_s)."""
        inside = (self.times >= start_s) & (self.times < end_s)
        return float(self._widths[seen & inside].sum())
