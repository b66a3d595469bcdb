"""Links, paths and names of the package in the readme, the pages and docstrings lead somewhere.

`make docs` checks the links of the pages more strictly, with the builder; this also sees the
readme, and runs without it.
"""

from __future__ import annotations

import ast
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
OWN = ("mgskel", "tools", "tests", "configs", "docs", "notebooks", "requirements")
PATH = re.compile(rf"(?<![\w./-])(?:{'|'.join(OWN)})/[\w./*-]+")
NAME = re.compile(r"(?<![\w./-])mgskel(?:\.\w+)+")
IMPORT = re.compile(r"from (mgskel[\w.]*) import (\([^)]*\)|[^\n]+)")
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


def texts() -> list[tuple[str, str]]:
    """(where, text) of all pages that speak of today, and of the docstrings of all modules."""
    found = [
        (page.relative_to(ROOT).as_posix(), page.read_text("utf-8"))
        for page in [*pages(), *(ROOT / "mgskel").rglob("*.md")]
        if page.name != "CHANGELOG.md"
    ]
    for module in (ROOT / "mgskel").rglob("*.py"):
        text = ast.get_docstring(ast.parse(module.read_text("utf-8")))
        found.append((module.relative_to(ROOT).as_posix(), text or ""))
    return found


def missing_paths(text: str) -> list[str]:
    """Paths of this project that lead nowhere; words in capitals stand for anything."""
    paths = {path.rstrip("./-") for path in PATH.findall(text)}
    patterns = {path: re.sub(r"\b[A-Z]+\b(?!\.md)", "*", path) for path in paths}
    return sorted(path for path, pattern in patterns.items() if not any(ROOT.glob(pattern)))


def names(text: str) -> set[str]:
    """What a text names of the package, in dots or by an import."""
    found = set(NAME.findall(text))
    for module, things in IMPORT.findall(text):
        parts = re.sub(r"#.*|[()]", "", things).split(",")
        found |= {f"{module}.{part.split()[0]}" for part in parts if part.strip()}
    return found


def groups() -> set[str]:
    """The entry point groups, which are no modules."""
    from mgskel.describe.kinds import KINDS
    from mgskel.formats import FORMATS
    from mgskel.models.backbone import BACKBONES
    from mgskel.pose.estimator import ESTIMATORS

    return {registry.group for registry in (BACKBONES, ESTIMATORS, FORMATS, KINDS)}


def exists(name: str) -> bool:
    try:
        pkgutil.resolve_name(name)
    except (ImportError, AttributeError):
        return False
    return True


def test_paths_of_the_project_exist() -> None:
    missing = {place: found for place, text in texts() if (found := missing_paths(text))}
    assert missing == {}


def test_names_of_the_package_exist() -> None:
    told: dict[str, list[str]] = {}
    for place, text in texts():
        for name in names(text) - groups():
            told.setdefault(name, []).append(place)
    assert {name: places for name, places in told.items() if not exists(name)} == {}


@pytest.mark.parametrize(
    "text",
    [
        "see `mgskel/nowhere.py`",
        "mgskel.core.nothing does it",
        "from mgskel.core.skeleton import (\n    get_skeleton,\n    get_nothing,\n)",
        "configs/NOTHING/recipe.yml",
    ],
)
def test_what_is_gone_is_seen(text: str) -> None:
    assert missing_paths(text) or not all(map(exists, names(text)))


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
