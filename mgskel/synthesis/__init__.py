"""Settings and a seed go in; people and gestures that never were come out, with exact truth.

A `SyntheticRecording` holds the keypoints that an estimator would give of it, the same without
errors, events and how each was made. A body (`body`, `face`, `hands`)
rests and talks (`rest`), performs programs (`targets.yaml`, `programs`, `performance`, `motion`)
in a flow (`flow`), and is filmed (`camera`, `noise.yaml`, `noise`, `recording`).
"""

from mgskel.synthesis.settings import CameraSettings, FlowSettings, SynthesisSettings
from mgskel.synthesis.synthetic_recording import (
    synthesise_clip,
    synthesise_clips,
    synthesise_recording,
)
from mgskel.synthesis.truth import ProgramTruth, SyntheticRecording

__all__ = [
    "CameraSettings",
    "FlowSettings",
    "ProgramTruth",
    "SynthesisSettings",
    "SyntheticRecording",
    "synthesise_clip",
    "synthesise_clips",
    "synthesise_recording",
]
