"""Several recognizers spot together: what they make of each moment is averaged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from mgskel.core.errors import InputError
from mgskel.core.events import GestureEvent, in_order
from mgskel.core.sequence import PoseSequence
from mgskel.spotting.decision.decision_rule import DEFAULT_SENSITIVITY
from mgskel.spotting.recognizer import Recognizer


def spot_together(
    recognizers: Sequence[Recognizer],
    sequence: PoseSequence,
    sensitivity: float = DEFAULT_SENSITIVITY,
) -> tuple[GestureEvent, ...]:
    """The gestures of every person; the first recognizer's decision rule counts."""
    first = recognizers[0]
    if len(recognizers) == 1:
        return first.spot(sequence, sensitivity)
    for other in recognizers[1:]:
        if other.vocabulary.names != first.vocabulary.names:
            raise InputError(
                "these recognizers tell different gestures apart",
                expected=", ".join(first.vocabulary.names),
                found=", ".join(other.vocabulary.names),
                remedy="let recognizers with the same gestures spot together",
            )
    name = " + ".join(dict.fromkeys(recognizer.name for recognizer in recognizers))
    events: list[GestureEvent] = []
    for tracks in zip(*(one.tracks(sequence) for one in recognizers), strict=True):
        if len({track.log_odds.shape for track in tracks}) > 1:
            raise InputError(
                "these recognizers do not answer at the same moments",
                expected=f"a step of {tracks[0].step_s:.3g} s",
                found=", ".join(f"{track.step_s:.3g} s" for track in tracks[1:]),
                remedy="let runs of the same settings spot together",
            )
        together = replace(tracks[0], log_odds=np.mean([t.log_odds for t in tracks], 0))
        events += first.decode(together, sensitivity)
    return in_order(replace(event, source=name) for event in events)
