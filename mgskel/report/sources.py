"""What the page takes from the other rooms: movement, provenance, and the clip if asked for."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mgskel import __version__
from mgskel.config import to_dict
from mgskel.describe import fidget_energy
from mgskel.errors import InputError
from mgskel.files import json_hash
from mgskel.report.content import Strip
from mgskel.sequence import PoseSequence

if TYPE_CHECKING:
    from mgskel.spotting.spotter import Spotter

_STEP_S = 0.2
_FULL_HEIGHT = 1.5
"""Shoulder widths per second that fill a row of the timeline."""


def energy_strips(sequence: PoseSequence) -> list[Strip]:
    """Movement per body part for the timeline: a brisk gesture fills its height."""
    moved = fidget_energy(sequence)
    if moved.times.size < 2:
        return []
    step = float(moved.times[1] - moved.times[0])
    every = max(1, round(_STEP_S / step))
    strips = []
    for person, rows in zip(moved.people, moved.energy, strict=True):
        for part, row in zip(moved.parts, rows, strict=True):
            if not np.isfinite(row).any():
                continue
            padded = np.pad(np.nan_to_num(row), (0, -row.size % every))
            peaks = padded.reshape(-1, every).max(1)
            # The root keeps small movements visible beside large ones.
            values = np.sqrt(np.clip(peaks / _FULL_HEIGHT, 0, 1))
            strips.append(Strip(person, part.replace("_", " "), values, every * step))
    return strips


def provenance_facts(
    sequence: PoseSequence, spotter: Spotter, settings: object
) -> list[tuple[str, str]]:
    """What was done with what, as pairs of a fact's name and its value."""
    steps = {str(record["step"]): record for record in sequence.provenance}
    facts = [("mgskel", __version__), ("recognizer", spotter.name)]
    facts += [("recognizer fingerprint", spotter.fingerprint[:16])]
    for name, record in steps.items():
        details = ", ".join(f"{k}: {v}" for k, v in record.items() if k != "step")
        facts.append((f"step: {name}", details))
    facts.append(("settings hash", json_hash(to_dict(settings))[:16]))
    return facts


def video_url(source: str | Path) -> str | None:
    """The clip as a data URL, where a browser can play it."""
    path = Path(source)
    kinds = {".mp4": "video/mp4", ".m4v": "video/mp4", ".webm": "video/webm"}
    if not path.is_file() or path.suffix.lower() not in kinds:
        raise InputError(
            "the page cannot show this recording's pictures",
            expected="an .mp4, .m4v or .webm file",
            found=str(source),
            remedy="convert the clip to mp4, or leave out --with-video",
        )
    content = base64.b64encode(path.read_bytes()).decode("ascii")
    return f"data:{kinds[path.suffix.lower()]};base64,{content}"
