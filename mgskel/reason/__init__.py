"""Statements and a scene go in; an assessment that cites its evidence comes out.

Rules or a language model judge; what cites nothing that exists is no assessment.
"""

from __future__ import annotations

from mgskel.reason.assess import ModelOptions, assess, model_reasoner
from mgskel.reason.assessment import Assessment, Outcome, Reasoner
from mgskel.reason.evidence import Case, GestureRecord, StatementRecord, make_case
from mgskel.reason.rules import RulesReasoner
from mgskel.reason.scene import Scene, load_scene

__all__ = [
    "Assessment",
    "Case",
    "GestureRecord",
    "ModelOptions",
    "Outcome",
    "Reasoner",
    "RulesReasoner",
    "Scene",
    "StatementRecord",
    "assess",
    "load_scene",
    "make_case",
    "model_reasoner",
]
