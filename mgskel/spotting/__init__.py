"""Clips, recordings or camera frames and a run folder go in; gesture events come out.

One `Recognizer` for all of them (its kinds in `recognizers`), at a camera too (`live`, `online`).
What a network sees and answers stands in `network`, how answers become events in `decision`, how
recognizers of recordings are taught in `learning`, what they are worth in `metrics`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mgskel.spotting.online import OnlineSpotter
    from mgskel.spotting.recognizer import Recognizer, spot
    from mgskel.spotting.recognizers.clip_recognizer import ClipRecognizer
    from mgskel.spotting.recognizers.frame_recognizer import FrameRecognizer
    from mgskel.spotting.recognizers.stream_recognizer import StreamRecognizer

_HOMES = {
    "ClipRecognizer": "recognizers.clip_recognizer",
    "FrameRecognizer": "recognizers.frame_recognizer",
    "OnlineSpotter": "online",
    "Recognizer": "recognizer",
    "StreamRecognizer": "recognizers.stream_recognizer",
    "spot": "recognizer",
}
__all__ = [
    "ClipRecognizer",
    "FrameRecognizer",
    "OnlineSpotter",
    "Recognizer",
    "StreamRecognizer",
    "spot",
]


def __getattr__(name: str) -> Any:
    # Lazily: metrics and settings are read where no network is wanted.
    if name in _HOMES:
        import importlib

        return getattr(importlib.import_module(f"mgskel.spotting.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'mgskel.spotting' has no attribute '{name}'")
