"""The frame of every page, and of pages of one file that need nothing else.

Tables and pictures are made here as text, so a page can be read without scripts; the script of
the frame only sorts tables, switches to dark and prints. Whatever comes from outside passes
through `text`.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
import string
from collections.abc import Iterable, Sequence
from pathlib import Path

from mgskel.core.version import __version__

PAGE_PARTS = Path(__file__).parent / "page"
LIMITS = (
    "Research use; not a diagnosis, no proof of deception, and no ground for any decision about "
    "a person."
)


def framed(
    title: str,
    kicker: str,
    lead: str,
    body: str,
    *,
    data: object = None,
    styles: Sequence[str] = ("style.css", "frame.css"),
    scripts: Sequence[str] = (),
    skip: str = "content",
) -> str:
    """A page of one file around `body`, which is HTML; no script runs in it but its own.

    Args:
        data: what the scripts read, as `JSON.parse` of the element `data`.
        styles, scripts: files of the page folder.
        skip: the element to which readers of the page by keyboard may jump.
    """
    style, script = map(_joined, (styles, (*scripts, "frame.js")))
    seal = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = (
        f"default-src 'none'; script-src 'sha256-{seal}'; style-src 'unsafe-inline'; "
        "img-src data: blob:; media-src data: blob:; base-uri 'none'; form-action 'none'"
    )
    return frame(
        title=text(title),
        kicker=text(kicker),
        lead=text(lead),
        body=body,
        tools='<button type="button" id="print">Print</button>',
        footer=text(f"Made with mgskel {__version__}. {LIMITS}"),
        skip=skip,
        head=f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        f"<style>{style}</style>",
        scripts=f'<script type="application/json" id="data">{embeddable(data)}</script>\n'
        f"<script>{script}</script>",
    )


def frame(**parts: str) -> str:
    """Any page of ours: head, title, tools, body and foot, each as HTML (`frame.html`)."""
    return part("frame.html", PAGE_PARTS, **parts)


def part(name: str, folder: Path = PAGE_PARTS, **inner: str) -> str:
    """A piece of a page, with what belongs into it as HTML."""
    return string.Template((folder / name).read_text(encoding="utf-8")).substitute(inner)


def _joined(names: Sequence[str]) -> str:
    return "\n".join((PAGE_PARTS / name).read_text(encoding="utf-8") for name in names)


def text(value: object) -> str:
    """Any value as text that stays text."""
    return html.escape(str(value))


def embeddable(value: object) -> str:
    """JSON that cannot end its script element, whatever its texts hold."""
    written = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for character in "<>&\u2028\u2029":
        written = written.replace(character, f"\\u{ord(character):04x}")
    return written


def card(heading: str, content: str, *, name: str = "") -> str:
    """A section with a heading; `content` is HTML."""
    anchor = name or "-".join(heading.lower().split())
    return (
        f'<section class="card" aria-labelledby="{text(anchor)}">'
        f'<h2 id="{text(anchor)}">{text(heading)}</h2>{content}</section>'
    )


def paragraph(words: str, kind: str = "") -> str:
    return f"<p{f' class={chr(34)}{kind}{chr(34)}' if kind else ''}>{text(words)}</p>"


def bullets(lines: Iterable[str]) -> str:
    return '<ul class="plain">' + "".join(f"<li>{text(line)}</li>" for line in lines) + "</ul>"


def table(
    caption: str,
    head: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    numbers: Sequence[int] = (),
    sortable: bool = False,
) -> str:
    """A table of HTML cells (pass foreign words through `text`); the first of a row heads it.

    Columns of `numbers` are aligned right; with `sortable` a click on a column's head sorts by it.
    """
    right = set(numbers)

    def aligned(column: int) -> str:
        return ' class="number"' if column in right else ""

    def heading(column: int, words: str) -> str:
        inner = f'<button type="button">{text(words)}</button>' if sortable else text(words)
        return f'<th scope="col"{aligned(column)}>{inner}</th>'

    def line(cells: Sequence[str]) -> str:
        first = f'<th scope="row">{cells[0]}</th>'
        rest = "".join(f"<td{aligned(i)}>{cell}</td>" for i, cell in enumerate(cells) if i)
        return f"<tr>{first}{rest}</tr>"

    return (
        f'<div class="wide"><table{" class=sortable" if sortable else ""}>'
        f"<caption class=hidden>{text(caption)}</caption><thead><tr>"
        + "".join(heading(i, words) for i, words in enumerate(head))
        + "</tr></thead><tbody>"
        + "".join(line(row) for row in rows)
        + "</tbody></table></div>"
    )


def interval_bar(
    value: float | None,
    low: float | None,
    high: float | None,
    start: float,
    end: float,
    mark: float | None = None,
) -> str:
    """A dot with its interval on a line from `start` to `end`; `mark` is a place of reference."""
    width, height = 120, 14

    def x(place: float) -> float:
        return 4 + (width - 8) * (min(max(place, start), end) - start) / (end - start)

    parts = [f'<line class="axis" x1="4" x2="{width - 4}" y1="7" y2="7"/>']
    if mark is not None:
        parts.append(f'<line class="mark" x1="{x(mark):.1f}" x2="{x(mark):.1f}" y1="2" y2="12"/>')
    if low is not None and high is not None:
        parts.append(f'<line class="spread" x1="{x(low):.1f}" x2="{x(high):.1f}" y1="7" y2="7"/>')
    if value is not None:
        parts.append(f'<circle class="dot" cx="{x(value):.1f}" cy="7" r="3.5"/>')
    return (
        f'<svg class="interval" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'aria-hidden="true">{"".join(parts)}</svg>'
    )


def figure(value: float | None, low: float | None = None, high: float | None = None) -> str:
    """A number with its interval, or a dash."""
    if value is None:
        return "&ndash;"
    return f"{value:.2f}" + ("" if low is None else f" <small>[{low:.2f}, {high:.2f}]</small>")
