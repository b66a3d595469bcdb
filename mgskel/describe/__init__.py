"""Keypoints and gesture events go in; measured statements in words come out."""

from mgskel.describe.description import Description, informativeness
from mgskel.describe.detectors.movement import PARTS, FidgetEnergy, fidget_energy
from mgskel.describe.evidence import Evidence, evidence_for
from mgskel.describe.kinds import KINDS, Kind, detects
from mgskel.describe.measure import Measured, describe, measure, with_evidence
from mgskel.describe.statement import Finding, Statement
from mgskel.describe.thresholds import Thresholds

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
