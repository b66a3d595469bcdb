"""Runs notebooks and keeps what they show, so that a code host shows it too.

    python tools/notebooks.py             # all of them
    python tools/notebooks.py 1 4         # some, by their numbers

What is kept is what a reader needs: pictures and printed lines. Warnings, progress and times of
running are left out. `tests/test_notebooks.py` runs them afresh and compares.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nbformat import NotebookNode

FOLDER = Path(__file__).resolve().parents[1] / "notebooks"
NUMBER = re.compile(r"[-+]?\d+(?:\.\d+)?")
_LONGEST_S = 900
_KEPT = ("text/plain", "text/html", "text/markdown", "image/png", "image/gif")


def notebooks(numbers: list[str] | None = None) -> list[Path]:
    return [
        path
        for path in sorted(FOLDER.glob("*.ipynb"))
        if not numbers or path.name.split("_")[0] in numbers
    ]


def read(path: Path) -> NotebookNode:
    import nbformat

    return nbformat.read(path, as_version=4)


def run(path: Path) -> NotebookNode:
    """The notebook as a fresh run leaves it, in a folder for temporary files of its own."""
    from nbclient import NotebookClient

    notebook = read(path)
    with tempfile.TemporaryDirectory() as folder:
        before = dict(os.environ)
        os.environ.update(OMP_NUM_THREADS="1", TMPDIR=folder)
        try:
            NotebookClient(
                notebook,
                timeout=_LONGEST_S,
                kernel_name="python3",
                resources={"metadata": {"path": str(path.parent)}},
            ).execute()
        finally:
            os.environ.clear()
            os.environ.update(before)
    for number, cell in enumerate(code_cells(notebook), 1):
        cell.execution_count, cell.metadata = number, {}
        cell.outputs = [_kept(output, number) for output in cell.outputs if _counts(output)]
        for output in cell.outputs:
            if "text" in output:
                output.text = re.sub(rf"{re.escape(folder)}/\w+", "folder", output.text)
    notebook.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
        "code_sha256": code_hash(notebook),
    }
    return notebook


def code_cells(notebook: NotebookNode) -> list[NotebookNode]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def code_hash(notebook: NotebookNode) -> str:
    """Of what is run: stored outputs belong to it."""
    text = "\0".join(cell.source for cell in code_cells(notebook))
    return hashlib.sha256(text.encode()).hexdigest()


def printed(cell: NotebookNode) -> str:
    """The words that a cell shows."""
    return "\n".join(
        output.get("text", "") or output.get("data", {}).get("text/plain", "")
        for output in cell.outputs
        if "image/png" not in output.get("data", {})
    )


def pictures(notebook: NotebookNode) -> list[str]:
    """Every PNG that it shows, base64."""
    shown = (output.get("data", {}) for cell in code_cells(notebook) for output in cell.outputs)
    return [data["image/png"] for data in shown if "image/png" in data]


def _counts(output: NotebookNode) -> bool:
    return output.get("name") != "stderr"


def _kept(output: NotebookNode, number: int) -> NotebookNode:
    output.metadata = {}
    if output.output_type == "stream":
        del output["metadata"]
        return output
    output.data = {kind: output.data[kind] for kind in _KEPT if kind in output.data}
    if output.output_type == "execute_result":
        output.execution_count = number
    return output


def main(argv: list[str] | None = None) -> int:
    import nbformat

    from mgskel.core.storage.files import writing

    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("numbers", nargs="*", metavar="N", help="which (default: all)")
    for path in notebooks(parser.parse_args(argv).numbers):
        notebook = run(path)
        with writing(path) as temporary:
            temporary.write_text(nbformat.writes(notebook) + "\n", encoding="utf-8")
        print(
            f"{path.name}: {len(pictures(notebook))} pictures, {path.stat().st_size / 1e3:.0f} kB"
        )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
