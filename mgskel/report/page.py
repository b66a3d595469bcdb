"""The report page: one HTML file that needs nothing else, not even a network."""

from __future__ import annotations

import html
import json
import string
from pathlib import Path

from mgskel.core.files import write_text
from mgskel.report.content import ReportContent, page_data

_PARTS = Path(__file__).parent / "page"
_SCRIPTS = ("data.js", "player.js", "timeline.js", "panels.js", "figures.js", "main.js")


def render_page(content: ReportContent) -> str:
    """The page as text."""
    template = string.Template((_PARTS / "page.html").read_text(encoding="utf-8"))
    return template.substitute(
        title=html.escape(content.title),
        style=(_PARTS / "style.css").read_text(encoding="utf-8"),
        script="\n".join((_PARTS / name).read_text(encoding="utf-8") for name in _SCRIPTS),
        report=embeddable(page_data(content)),
    )


def write_page(path: str | Path, content: ReportContent) -> None:
    write_text(path, render_page(content))


def embeddable(value: object) -> str:
    """JSON that cannot end its script element, whatever its texts hold."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text
