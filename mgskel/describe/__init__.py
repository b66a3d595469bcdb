"""Events and keypoints become measured statements in words."""

from mgskel.describe.fidget import PARTS, FidgetEnergy, fidget_energy
from mgskel.describe.measurements import describe
from mgskel.describe.statements import Description, Statement
from mgskel.describe.thresholds import Thresholds, default_thresholds

__all__ = [
    "PARTS",
    "Description",
    "FidgetEnergy",
    "Statement",
    "Thresholds",
    "default_thresholds",
    "describe",
    "fidget_energy",
]
