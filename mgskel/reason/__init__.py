"""From statements and a scene to an assessment that cites its evidence."""

from __future__ import annotations

from mgskel.reason.assess import assess
from mgskel.reason.evidence import Case, GestureRecord, StatementRecord, make_case
from mgskel.reason.outcome import Outcome, Reasoner
from mgskel.reason.rules import RulesReasoner
from mgskel.reason.scene import Scene, load_scene
from mgskel.reason.schema import Assessment

__all__ = [
    "Assessment",
    "Case",
    "GestureRecord",
    "Outcome",
    "Reasoner",
    "RulesReasoner",
    "Scene",
    "StatementRecord",
    "assess",
    "load_scene",
    "make_case",
]
