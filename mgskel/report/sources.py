"""What the page takes from the other rooms: movement, provenance, and the clip if asked for."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mgskel import __version__
from mgskel.core.config import to_dict
from mgskel.core.errors import InputError
from mgskel.core.files import json_hash
from mgskel.core.sequence import PoseSequence
from mgskel.describe import fidget_energy
from mgskel.report.content import Strip

if TYPE_CHECKING:
    from mgskel.spotting.spotter import Spotter

_STEP_S = 0.2
_FIGURES = {
    "f1_0.3": "F1 at overlap 0.3",
    "false_per_5_min_rest": "false events per 5 minutes of rest",
    "clip_macro_f1": "mean F1 over classes of cut clips",
}
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
    facts += _model_card(spotter.notes)
    for name, record in steps.items():
        details = ", ".join(f"{k}: {v}" for k, v in record.items() if k != "step")
        facts.append((f"step: {name}", details))
    facts.append(("settings hash", json_hash(to_dict(settings))[:16]))
    return facts


def _model_card(notes: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What a recognizer was trained on and how good it was, as far as it says so itself."""
    facts = [
        (f"recognizer {name}", str(notes[name])) for name in ("training", "test") if name in notes
    ]
    figures = notes.get("figures") or {}
    told = [
        f"{name} {figures[key]:.2f}"
        for key, name in _FIGURES.items()
        if isinstance(figures.get(key), (int, float))
    ]
    if told:
        facts.append(("recognizer in that test", "; ".join(told)))
    facts.append(("recognizer's use", "research; not validated for any decision about people"))
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
