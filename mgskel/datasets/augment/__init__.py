"""Batches of clips go in; the same, varied, come out: augmentation, vectorised over the batch."""

from mgskel.datasets.augment.policy import PARTS, PRESETS, Augmentation, Policy

__all__ = ["PARTS", "PRESETS", "Augmentation", "Policy"]
