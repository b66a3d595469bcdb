"""Every notebook runs from top to bottom, on small data, and is stored without outputs."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

NOTEBOOKS = Path(__file__).resolve().parents[1] / "notebooks"
QUICK = ("4_fusion_and_augmentation.ipynb", "5_gestures_in_the_reasoner.ipynb")


def names() -> list[str]:
    return sorted(path.name for path in NOTEBOOKS.glob("*.ipynb"))


def read(name: str) -> nbformat.NotebookNode:
    return nbformat.read(NOTEBOOKS / name, as_version=4)


def run(name: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> nbformat.NotebookNode:
    """The notebook with its outputs, run in its own folder as a user would."""
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setenv("TMPDIR", str(folder))
    notebook = read(name)
    client = NotebookClient(
        notebook,
        timeout=600,
        kernel_name="python3",
        resources={"metadata": {"path": str(NOTEBOOKS)}},
    )
    client.execute()
    return notebook


def pictures(notebook: nbformat.NotebookNode) -> list[str]:
    """Every PNG that the notebook shows."""
    return [
        output["data"]["image/png"]
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if "image/png" in output.get("data", {})
    ]


def printed(notebook: nbformat.NotebookNode) -> str:
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    return "".join(output.get("text", "") for output in outputs)


def test_there_are_six_and_each_says_why_it_exists() -> None:
    assert [name[0] for name in names()] == list("123456")
    for name in names():
        first = read(name).cells[0]
        assert first.cell_type == "markdown"
        assert "**Why this notebook exists.**" in first.source, name


@pytest.mark.parametrize("name", names())
def test_they_are_stored_without_outputs(name: str) -> None:
    notebook = read(name)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert code
    assert all(not cell.outputs and cell.execution_count is None for cell in code)


@pytest.mark.parametrize("name", names())
def test_their_links_lead_somewhere(name: str) -> None:
    for cell in read(name).cells:
        if cell.cell_type == "markdown":
            for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", cell.source):
                assert (NOTEBOOKS / target).exists(), f"{name}: {target}"


@pytest.mark.parametrize("name", QUICK)
def test_the_quick_ones_run(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    notebook = run(name, tmp_path, monkeypatch)
    assert pictures(notebook)


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in names() if name not in QUICK])
def test_the_others_run(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    notebook = run(name, tmp_path, monkeypatch)
    assert pictures(notebook)
    if name.startswith("2"):
        right, of = map(int, re.search(r"(\d+) of (\d+) held-out", printed(notebook)).groups())
        assert right > 0.5 * of  # what was not learned cannot be inspected
