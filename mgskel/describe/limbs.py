"""Distances and angles of limbs."""

from __future__ import annotations

import numpy as np


def to_bone(point: np.ndarray, start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """Distance (T,) of (C, T) points to the straight bones between two joints."""
    bone = end - start
    along = np.einsum("ct,ct->t", point - start, bone) / np.maximum(
        np.einsum("ct,ct->t", bone, bone), 1e-9
    )
    return np.linalg.norm(point - start - np.clip(along, 0.0, 1.0) * bone, axis=0)


def bend(shoulder: np.ndarray, elbow: np.ndarray, wrist: np.ndarray) -> np.ndarray:
    """Angle (T,) at the elbow in the picture, degrees; 180 is a straight arm."""
    upper, fore = shoulder - elbow, wrist - elbow
    lengths = np.linalg.norm(upper, axis=0) * np.linalg.norm(fore, axis=0)
    cosine = np.einsum("ct,ct->t", upper, fore) / np.maximum(lengths, 1e-9)
    return np.degrees(np.arccos(np.clip(cosine, -1.0, 1.0)))
