"""mgskel: micro-gestures from skeletons, and what they may say about how a person feels.

Data flows one way: a clip becomes a `PoseSequence`, scores, gesture events, measured
statements, an assessment, and a report. Each room of the package does one step and knows
nothing of the rooms above it.

Names are imported on first use, so that ``import mgskel`` stays fast.
"""

from __future__ import annotations

import importlib
from typing import Any

__version__ = "0.1.0"

_HOMES = {
    "Skeleton": "core.skeleton",
    "get_skeleton": "core.skeleton",
    "list_skeletons": "core.skeleton",
    "PoseSequence": "core.sequence",
    "Vocabulary": "core.gestures",
    "get_vocabulary": "core.gestures",
    "GestureEvent": "core.events",
    "read_events": "core.events",
    "write_events": "core.events",
    "create_model": "models",
    "list_models": "models",
    "Recognizer": "spotting.recognizer",
}

__all__ = [  # loaded on first use
    "__version__",
    "GestureEvent",
    "PoseSequence",
    "Recognizer",
    "Skeleton",
    "Vocabulary",
    "create_model",
    "get_skeleton",
    "get_vocabulary",
    "list_models",
    "list_skeletons",
    "read_events",
    "write_events",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
