"""Build hook: the order of the pages, and one reference page per module of the package.

Pages in the folders below appear by themselves, in the order of their file names; a module
appears in the reference as soon as it exists. So neither list can fall behind.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

DOCS = Path(__file__).parent
PACKAGE = DOCS.parent / "mgskel"

FIRST = ("index.md", "install.md")
DOORS = ("psychologist.md", "student.md", "engineer.md")
FOLDERS = {
    "Tutorials": "tutorials",
    "How to": "howto",
    "Results": "results",
}
TITLES = {
    "results/fusion_full.md": "Study: fusion, full trainings",
    "results/reasoning-held-out.md": "Do gestures help the reasoner? Scenes held out",
}
BACKGROUND = (
    "gallery.md",
    "glossary.md",
    "faq.md",
    "architecture.md",
    "data-sets.md",
    "reliability.md",
    "reproducibility.md",
    "responsible-use.md",
)


def modules() -> list[str]:
    """Dotted names of the package's public modules; commands document themselves by --help."""
    names = []
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
        parts = parts[:-1] if parts[-1] == "__init__" else parts
        private = any(part.startswith("_") for part in parts)
        if len(parts) > 1 and not private and parts[1] != "cli" and in_package(path):
            names.append(".".join(parts))
    return names


def in_package(path: Path) -> bool:
    """Whether every folder down to a file is a package."""
    folders = [folder for folder in path.parents if PACKAGE in (folder, *folder.parents)]
    return all((folder / "__init__.py").exists() for folder in folders)


def page_of(module: str) -> str:
    return f"reference/{module}.md"


def on_config(config: Any) -> Any:
    """Lay out the navigation from what there is."""
    rooms: dict[str, list[dict[str, str]]] = {}
    for module in modules():
        rooms.setdefault(module.split(".")[1], []).append({module: page_of(module)})
    reference = [
        pages[0] if len(pages) == 1 else {room: pages} for room, pages in sorted(rooms.items())
    ]
    listed = {*FIRST, *BACKGROUND}
    loose = sorted(path.name for path in DOCS.glob("*.md") if path.name not in listed)
    config["nav"] = [
        *FIRST,
        {"Three doors": [f"doors/{name}" for name in DOORS]},
        *(
            {title: [_titled(f"{folder}/{path.name}") for path in found]}
            for title, folder in FOLDERS.items()
            if (found := sorted((DOCS / folder).glob("*.md")))
        ),
        {"Background": [*BACKGROUND, *loose]},
        {"Reference": reference},
    ]
    return config


def _titled(page: str) -> str | dict[str, str]:
    """A page, under a name of its own where its heading is that of another."""
    return {TITLES[page]: page} if page in TITLES else page


def on_files(files: Files, config: Any) -> Files:
    """Add the reference pages."""
    for module in modules():
        text = f"# {module}\n\n::: {module}\n"
        files.append(File.generated(config, page_of(module), content=text))
    return files
