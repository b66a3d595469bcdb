"""Phases: every frame of a recording gets one of the labels that a few annotated recordings teach.

Where `mgskel.spotting` finds gestures of a vocabulary in the layout of the upper body, this learns
from scratch: any layout, any labels, minutes of annotation.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mgskel.spotting.phases.labelled import LabelledRecording, labelled_recordings
    from mgskel.spotting.phases.labeller import PhaseLabeller

__all__ = ["LabelledRecording", "PhaseLabeller", "labelled_recordings"]


def __getattr__(name: str) -> Any:
    # Lazily: reading annotations needs no network.
    if name == "PhaseLabeller":
        from mgskel.spotting.phases.labeller import PhaseLabeller

        return PhaseLabeller
    if name in __all__:
        from mgskel.spotting.phases import labelled

        return getattr(labelled, name)
    raise AttributeError(f"module 'mgskel.spotting.phases' has no attribute '{name}'")
