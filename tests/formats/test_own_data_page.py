"""What the page on one's own data shows is what happens."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from mgskel.cli import main
from mgskel.formats import read


def test_the_bundle_of_the_page_is_valid(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = (root / "docs" / "howto" / "own-data.md").read_text(encoding="utf-8")
    first, second = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    monkeypatch.chdir(tmp_path)
    exec(compile(first, "own-data.md", "exec"), {})
    assert main(["validate", "mine.npz"]) == 0
    assert len(read("mine.npz")) == 2
    assert main(["convert", "mine.npz", "clip.npz", "--only", "0"]) == 0
    exec(compile(second, "own-data.md", "exec"), {})
