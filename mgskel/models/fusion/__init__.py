"""Balanced fusion: gates and pooling, what they decide, and how they get into any network."""

from __future__ import annotations

from mgskel.models.fusion.gates import BalancedFusion, FusionParts
from mgskel.models.fusion.insertion import add_fusion, with_fusion
from mgskel.models.fusion.pooling import BalancedPooling

__all__ = ["BalancedFusion", "BalancedPooling", "FusionParts", "add_fusion", "with_fusion"]
