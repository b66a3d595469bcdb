"""mgskel: micro-gestures from skeletons, and what they may say about how a person feels.

Data flows one way: a clip becomes a `PoseSequence`, scores, gesture events, measured
statements, an assessment, and a report. Each room of the package does one step and knows
nothing of the rooms above it.

Names are imported on first use, so that ``import mgskel`` stays fast.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from mgskel.core.version import __version__

if TYPE_CHECKING:
    from pathlib import Path

    from mgskel.analyze import analyze
    from mgskel.core.events import Events, GestureEvent, read_events, write_events
    from mgskel.core.gestures import Vocabulary, get_vocabulary
    from mgskel.core.recording import Dataset, Recording
    from mgskel.core.sequence import PoseSequence
    from mgskel.core.skeleton import Skeleton, get_skeleton, list_skeletons
    from mgskel.describe import Description, describe
    from mgskel.models import create_model, list_models
    from mgskel.pose.frames import Footage
    from mgskel.spotting.live import follow
    from mgskel.spotting.recognizer import Recognizer, spot

_HOMES = {
    "Dataset": "core.recording",
    "Description": "describe",
    "Events": "core.events",
    "GestureEvent": "core.events",
    "PoseSequence": "core.sequence",
    "Recognizer": "spotting.recognizer",
    "Recording": "core.recording",
    "Skeleton": "core.skeleton",
    "Vocabulary": "core.gestures",
    "create_model": "models",
    "follow": "spotting.live",
    "get_skeleton": "core.skeleton",
    "get_vocabulary": "core.gestures",
    "list_models": "models",
    "list_skeletons": "core.skeleton",
    "read_events": "core.events",
    "spot": "spotting.recognizer",
    "write_events": "core.events",
}
_CALLABLE = ("analyze", "describe")  # modules that are what they do

__all__ = [  # loaded on first use
    "__version__",
    "Dataset",
    "Description",
    "Events",
    "GestureEvent",
    "PoseSequence",
    "Recognizer",
    "Recording",
    "Skeleton",
    "Vocabulary",
    "analyze",
    "create_model",
    "describe",
    "extract",
    "follow",
    "get_skeleton",
    "get_vocabulary",
    "list_models",
    "list_skeletons",
    "load",
    "read_events",
    "spot",
    "write_events",
]


def extract(
    clip: Footage,
    *,
    fps: float | None = None,
    person: str = "main",
    estimator: str | None = None,
) -> PoseSequence:
    """The poses in a clip.

    Args:
        clip: a path, an address, ``camera:N``, or pictures: (T, H, W, 3) uint8 RGB or an iterable.
        fps: of pictures their rate, of videos the most that are looked at.
        person: main, all, left, right, largest, or a name.
        estimator: mediapipe (default), mmpose, or one of your own.
    """
    from mgskel.core.config import load_config
    from mgskel.pose.extract import ExtractSettings
    from mgskel.pose.extract import extract as extracted

    words = ["--people.keep", person]
    words += ["--video.fps", str(fps)] if fps is not None else []
    words += ["--estimator.name", estimator] if estimator is not None else []
    return extracted(clip, settings=load_config(ExtractSettings, None, words)).sequence


def load(path: str | Path) -> PoseSequence | Dataset | Recognizer | Description | Events:
    """Whatever lies there: a recording (a clip's is extracted), a data set, a run (also a zip, or
    on a model hub as hf:OWNER/NAME), statements, events."""
    from pathlib import Path
    from zipfile import is_zipfile

    from mgskel.core.events import read_events
    from mgskel.describe import Description
    from mgskel.formats import Source, read
    from mgskel.spotting.recognizer import Recognizer

    if str(path).startswith("hf:") or (Path(path) / "recognizer.json").is_file():
        return Recognizer.load(path)
    source = Source(path)
    if b"recognizer.json" in source.head and is_zipfile(path):
        return Recognizer.load(path)
    if b'"statements"' in source.head:
        return Description.load(path)
    if source.head and not source.npz_keys and _holds_events(source.head):
        return read_events(path)
    data = read(path)
    return data.only.sequence if len(data) == 1 else data


def _holds_events(head: bytes) -> bool:
    table = b"label" in head and b"start_s" in head
    return table or b"ANNOTATION_DOCUMENT" in head or b'"observations"' in head


def __getattr__(name: str) -> Any:
    if name in _CALLABLE:
        return importlib.import_module(f"{__name__}.{name}")
    if name in _HOMES:
        return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
