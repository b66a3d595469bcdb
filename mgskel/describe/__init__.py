"""Keypoints and gesture events go in; measured statements in words come out."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING

from mgskel.describe.description import Description, informativeness
from mgskel.describe.detectors.movement import PARTS, FidgetEnergy, fidget_energy
from mgskel.describe.gesture_evidence import Evidence, evidence_for
from mgskel.describe.kinds import KINDS, Kind, detects
from mgskel.describe.measure import Measured, describe, measure, with_evidence
from mgskel.describe.statement import Finding, Statement
from mgskel.describe.thresholds import Thresholds

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mgskel.core.events import GestureEvent
    from mgskel.core.sequence import PoseSequence
    from mgskel.pose.frames import Footage

__all__ = [
    "KINDS",
    "PARTS",
    "Description",
    "Evidence",
    "FidgetEnergy",
    "Finding",
    "Kind",
    "Measured",
    "Statement",
    "Thresholds",
    "describe",
    "detects",
    "evidence_for",
    "fidget_energy",
    "informativeness",
    "measure",
    "with_evidence",
]


class _Room(ModuleType):
    """The room is what it does: ``mgskel.describe(...)`` may be called."""

    def __call__(
        self,
        recording: PoseSequence | Footage,
        events: Sequence[GestureEvent] | None = None,
        thresholds: Thresholds | None = None,
    ) -> Description:
        """Measured statements of a recording, file or clip.

        Args:
            events: its gestures; by default those that the shipped recognizer finds.
        """
        from mgskel.formats import as_sequence
        from mgskel.spotting import spot

        sequence = as_sequence(recording)
        return describe(sequence, spot(sequence) if events is None else events, thresholds)


sys.modules[__name__].__class__ = _Room
