"""Clips, recordings or camera frames and a run folder go in; gesture events come out.

One `Recognizer` for all of them: how it decides, what that is worth, and how recognizers of
recordings are taught.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mgskel.spotting.clip_recognizer import ClipRecognizer
    from mgskel.spotting.frame_recognizer import FrameRecognizer
    from mgskel.spotting.online import OnlineSpotter
    from mgskel.spotting.recognizer import Recognizer, spot
    from mgskel.spotting.stream_recognizer import StreamRecognizer

_HOMES = {
    "ClipRecognizer": "clip_recognizer",
    "FrameRecognizer": "frame_recognizer",
    "OnlineSpotter": "online",
    "Recognizer": "recognizer",
    "StreamRecognizer": "stream_recognizer",
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
