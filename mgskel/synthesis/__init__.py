"""Synthetic micro-gestures: bodies, programs, cameras, estimator errors, and the exact truth."""

from mgskel.synthesis.clips import synthesise_clip, synthesise_clips
from mgskel.synthesis.recording import synthesise_recording
from mgskel.synthesis.settings import CameraSettings, FlowSettings, SynthesisSettings
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
