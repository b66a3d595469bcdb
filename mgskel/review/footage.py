"""The user's own videos, read from where they lie: whole for a browser, or a picture at a time."""

from __future__ import annotations

import io
import math
from pathlib import Path

from mgskel.core.errors import InputError
from mgskel.pose.frames import VideoSettings
from mgskel.pose.video import open_source

PLAYABLE = {
    ".mp4": "video/mp4", ".m4v": "video/mp4", ".mov": "video/mp4", ".webm": "video/webm",
    ".mkv": "video/webm", ".ogv": "video/ogg",
}  # fmt: skip
"""Videos that browsers can mostly play, and as what they are announced."""
_MAX_SIDE = 960


def picture(path: Path, time_s: float) -> bytes:
    """What is to be seen at a moment, as JPEG: the last picture that has begun by then."""
    from PIL import Image

    if not math.isfinite(time_s) or time_s < 0:
        raise InputError("not a moment of a recording", found=time_s)
    probe = open_source(path)
    fps = probe.fps or 25.0
    probe.close()
    start = max(0.0, time_s - 1 / fps + 1e-4)
    footage = open_source(path, VideoSettings(start=start, max_side=_MAX_SIDE))
    try:
        for frame in footage:
            content = io.BytesIO()
            Image.fromarray(frame.image).save(content, "jpeg", quality=85)
            return content.getvalue()
    finally:
        footage.close()
    raise InputError(f"{path.name} has no picture at {time_s:.2f} s")
