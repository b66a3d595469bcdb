"""Every notebook is stored with what it shows, and a fresh run shows the same."""

from __future__ import annotations

import base64
import io
import re
from difflib import SequenceMatcher
from pathlib import Path

import numpy as np
import pytest

nbformat = pytest.importorskip("nbformat")
pytest.importorskip("nbclient")

import notebooks as stored  # noqa: E402  (tools/notebooks.py)

QUICK = ("4_fusion_and_augmentation.ipynb", "5_gestures_in_the_reasoner.ipynb")
NAMES = [path.name for path in stored.notebooks()]
REMEDY = "run `python tools/notebooks.py {}`, look at the pictures, and store them"


def test_there_are_six() -> None:
    assert [name[0] for name in NAMES] == list("123456")


@pytest.mark.parametrize("name", NAMES)
def test_they_open_with_what_one_learns_and_are_stored_with_their_pictures(name: str) -> None:
    notebook = stored.read(stored.FOLDER / name)
    nbformat.validate(notebook)
    assert "**What you learn.**" in notebook.cells[0].source
    code = stored.code_cells(notebook)
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    assert not any(output.output_type == "error" for cell in code for output in cell.outputs)
    assert stored.pictures(notebook)
    remedy = REMEDY.format(name[0])
    assert notebook.metadata["code_sha256"] == stored.code_hash(notebook), remedy
    assert not re.search(r"/(home|root|tmp|work|Users)/", "".join(map(stored.printed, code)))


@pytest.mark.parametrize("name", NAMES)
def test_a_reading_in_words_follows_each_picture(name: str) -> None:
    """Behind the picture, or in the cell before it: a sentence that begins with *Read it*."""
    cells = stored.read(stored.FOLDER / name).cells
    for place, cell in enumerate(cells):
        if cell.cell_type == "code" and "image/png" in str(cell.outputs):
            following = next((c for c in cells[place + 1 :] if c.cell_type == "markdown"), None)
            assert following is not None and "**Read it.**" in following.source, (name, place)


@pytest.mark.parametrize("name", NAMES)
def test_their_links_lead_somewhere(name: str) -> None:
    for cell in stored.read(stored.FOLDER / name).cells:
        if cell.cell_type == "markdown":
            for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", cell.source):
                assert (stored.FOLDER / target).exists(), f"{name}: {target}"


@pytest.mark.parametrize(
    "name", [n if n in QUICK else pytest.param(n, marks=pytest.mark.slow) for n in NAMES]
)
def test_a_fresh_run_agrees_with_what_is_stored(name: str) -> None:
    path: Path = stored.FOLDER / name
    old, new = stored.code_cells(stored.read(path)), stored.code_cells(stored.run(path))
    for number, (before, after) in enumerate(zip(old, new, strict=True), 1):
        where = f"{name}, code cell {number}: {REMEDY.format(name[0])}"
        assert kinds(before) == kinds(after), where
        assert alike_words(stored.printed(before), stored.printed(after)), where
        for one, other in zip(shown(before), shown(after), strict=True):
            assert alike_pictures(one, other), where


def kinds(cell: dict) -> list[list[str]]:
    """Of each output; what is printed may come in one piece or in several."""
    found = [sorted(output.get("data", {"text": ""})) for output in cell["outputs"]]
    return [kind for n, kind in enumerate(found) if kind != ["text"] or found[n - 1 : n] != [kind]]


def shown(cell: dict) -> list[np.ndarray]:
    """Its pictures as coarse greys, (24, 32) in 0..1; other machines draw letters otherwise."""
    from PIL import Image

    encoded = [o["data"]["image/png"] for o in cell["outputs"] if "image/png" in o.get("data", {})]
    pictures = [Image.open(io.BytesIO(base64.b64decode(text))) for text in encoded]
    return [np.asarray(p.convert("L").resize((32, 24)), float) / 255 for p in pictures]


def alike_pictures(one: np.ndarray, other: np.ndarray) -> bool:
    return float(np.abs(one - other).mean()) < 0.06


def alike_words(one: str, other: str) -> bool:
    """The same words but for a few, and as many numbers; a training elsewhere rounds otherwise."""
    words = [stored.NUMBER.sub("0", text).split() for text in (one, other)]
    return SequenceMatcher(None, *words, autojunk=False).ratio() >= 0.75


def test_what_differs_is_seen() -> None:
    assert alike_words("F1 0.71 of 12 gestures", "F1 0.69 of 13 gestures")
    assert not alike_words("nod 0.7, shrug 0.2", "hands 0.4, face 0.1, neck 0.1")
    dark, light = np.zeros((24, 32)), np.ones((24, 32))
    assert alike_pictures(light, light - 0.01) and not alike_pictures(dark, light)
