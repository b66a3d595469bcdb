"""The two pages of the app, in the frame that all pages have: the study, and one clip of it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from mgskel.report.frame import LIMITS, PAGE_PARTS, frame, part

_OURS = Path(__file__).parent / "page"
_STYLES = ("style.css", "frame.css", "review.css")
_CODER = '<label>Reviewing as <select id="coder"></select></label>'


def page_files() -> dict[str, Path]:
    """Styles and scripts by name: our own, and those of the report."""
    files = [*PAGE_PARTS.iterdir(), *_OURS.iterdir()]
    return {path.name: path for path in files if path.suffix in (".css", ".js")}


def study_page() -> str:
    return _page(
        part("study.html", _OURS), ("app.js", "study.js"), skip="clips", kicker="mgskel review",
        tools=_CODER, footer=f"Everything stays on this machine. {LIMITS}",
    )  # fmt: skip


def clip_page() -> str:
    timeline = part(
        "timeline.html",
        tools='<button type="button" id="add">Add event <kbd>C</kbd></button>',
        hint="Drag the edges of the chosen event. Green below: accepted; dashed: rejected; "
        "outlined: sure of the body part only.",
    )
    controls = part("player_controls.html")
    body = part("clip.html", _OURS, player_controls=controls, timeline=timeline)
    return _page(
        f'{body}<script type="application/json" id="data"></script>',
        ("app.js", "record.js", "clip.js"), skip="event",
        kicker='<a id="home" href="./">&larr; All clips</a>',
        tools='<span id="saved" class="quiet" role="status"></span>'
        f'{_CODER}<button type="button" id="help" aria-haspopup="dialog">Keys</button>',
        footer="What you decide is saved at once, beside the clip. Nothing leaves this machine.",
    )  # fmt: skip


def _page(body: str, scripts: Sequence[str], **parts: str) -> str:
    files = ("words.js", *scripts, "frame.js")
    return frame(
        title="mgskel review",
        lead="",
        body=body + part("new_coder.html", _OURS),
        head='<link rel="icon" href="data:,">'
        + "".join(f'<link rel="stylesheet" href="page/{name}">' for name in _STYLES),
        scripts="".join(f'<script src="page/{name}"></script>' for name in files),
        **parts,
    )
