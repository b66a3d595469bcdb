"""Every relative link and picture in the readme and the pages leads somewhere.

`make docs` checks the pages more strictly, with the builder; this also sees the readme, and runs
without it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LINK = re.compile(r"(?<!`)!?\[[^\]]*\]\(([^)\s]+)\)")


def pages() -> list[Path]:
    return [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]


def links(text: str) -> Iterator[str]:
    """Targets outside code blocks."""
    outside = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    yield from LINK.findall(outside)


def anchor(heading: str) -> str:
    """The fragment that the builder gives a heading."""
    words = re.sub(r"[^\w\s-]", "", heading.strip().lower())
    return re.sub(r"[-\s]+", "-", words)


def anchors(path: Path) -> set[str]:
    return {anchor(line.lstrip("#")) for line in path.read_text("utf-8").splitlines()
            if line.startswith("#")}  # fmt: skip


def test_links_lead_somewhere() -> None:
    broken = []
    for page in pages():
        for link in links(page.read_text("utf-8")):
            if re.match(r"[a-z]+:", link):
                continue
            name, _, fragment = link.partition("#")
            target = (page.parent / name).resolve() if name else page
            if not target.exists() or ROOT not in (target, *target.parents):
                broken.append(f"{page.relative_to(ROOT)}: {link}")
            elif fragment and target.suffix == ".md" and fragment not in anchors(target):
                broken.append(f"{page.relative_to(ROOT)}: {link} (no such heading)")
    assert broken == []


def test_the_check_sees_what_it_should() -> None:
    text = "[a](b.md#c) and ![p](p.png)\n```\n[no](code.md)\n```\n"
    assert list(links(text)) == ["b.md#c", "p.png"]
    assert anchor(" NTU RGB+D 60 and 120") == "ntu-rgbd-60-and-120"
