"""The report page: one HTML file that needs nothing else, not even a network."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mgskel.core.errors import InputError
from mgskel.core.events import GestureEvent
from mgskel.core.sequence import PoseSequence
from mgskel.core.storage.files import write_text
from mgskel.core.storage.intake import read_bytes
from mgskel.describe import Description
from mgskel.reason import Outcome
from mgskel.report.frame import framed, part
from mgskel.report.methods_text import (
    Recognizing,
    methods_paragraph,
    opening,
    provenance_facts,
    quality_table,
    reasoner_notice,
    verdict_lines,
)
from mgskel.report.player import Attention, player_data
from mgskel.report.timeline import timeline_data

_SCRIPTS = ("words.js", "data.js", "player.js", "timeline.js", "panels.js", "figures.js", "main.js")
_LARGEST_CLIP = 128 << 20  # no browser takes an address of much more
_HINT = (
    "Click or drag to move in time; Ctrl and wheel, or + and &minus;, zoom; arrow keys step by "
    "frame, with Shift by second; space plays; N and P go to the next and previous gesture."
)


@dataclass(frozen=True)
class ReportContent:
    """Everything that one page shows."""

    title: str
    sequence: PoseSequence
    events: Sequence[GestureEvent]
    description: Description
    # the pose quality report (`QualityReport.to_dict`)
    quality: Mapping[str, Any] = field(default_factory=dict)
    outcome: Outcome | None = None  # of the reasoner, if one was asked
    recognizer: Recognizing | None = None  # who found the events, if a machine did
    settings: object = None  # those of the extraction
    # the true events, where they are known (synthesis, annotated recordings)
    truth: Sequence[GestureEvent] = ()
    truth_score: str = ""  # in words, how the recognised events compare with the true ones
    attention: Attention | None = None
    # name to content of what can be downloaded
    files: Mapping[str, str] = field(default_factory=dict)
    # the recording as a data URL, only when the user asked for pictures of the person
    video: str | None = None
    remarks: Sequence[str] = ()  # sentences on what the recogniser says nothing of, and why


def write_page(path: str | Path, content: ReportContent) -> None:
    write_text(path, render_page(content))


def render_page(content: ReportContent) -> str:
    """The page as text."""
    data = page_data(content)
    controls = part("player_controls.html")
    body = part(
        "report.html",
        player_controls=controls,
        timeline=part("timeline.html", hint=_HINT, tools=""),
    )
    return framed(
        content.title, "mgskel report", data["lead"], body, data=data, styles=("style.css",),
        scripts=_SCRIPTS, skip="findings",
    )  # fmt: skip


def page_data(content: ReportContent) -> dict[str, Any]:
    """The JSON that the page's scripts read."""
    sequence, outcome, recognizer = content.sequence, content.outcome, content.recognizer
    vocabulary = None if recognizer is None else recognizer.vocabulary
    return {
        "title": content.title,
        "duration_s": sequence.start_s + sequence.duration_s,
        "lead": opening(sequence, content.events, outcome, content.quality),
        "player": player_data(sequence, content.attention, content.video is not None),
        **timeline_data(sequence, content.events, content.truth, vocabulary),
        "truth_score": content.truth_score,
        "remarks": list(content.remarks),
        "summary": content.description.text("short"),
        "statements": [statement.to_dict() for statement in content.description.statements],
        "evidence": _evidence(content),
        "outcome": None if outcome is None else outcome.to_dict(),
        "reasoner": reasoner_notice(outcome),
        "quality": {
            "parts": quality_table(content.quality),
            "verdict": verdict_lines(content.quality),
        },
        "methods": methods_paragraph(sequence, recognizer, outcome),
        "provenance": [
            list(fact) for fact in provenance_facts(sequence, recognizer, content.settings)
        ],
        "files": dict(content.files),
        "video": content.video,
    }


def _evidence(content: ReportContent) -> list[dict[str, Any]]:
    """Everything an assessment may cite, with its moment."""
    kept = ("id", "text", "from_s", "to_s")
    items = {
        statement.id: {key: getattr(statement, key) for key in kept}
        for statement in content.description.statements
    }
    details = content.outcome.details if content.outcome is not None else {}
    for item in details.get("evidence", ()):
        items.setdefault(item["id"], {key: item[key] for key in kept})
    return list(items.values())


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
    content = base64.b64encode(read_bytes(path, "clip", _LARGEST_CLIP)).decode("ascii")
    return f"data:{kinds[path.suffix.lower()]};base64,{content}"
