"""The example in docs/howto/own-estimator.md works as printed, within thirty-odd lines."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from mgskel.cli import main
from mgskel.core.sequence import PoseSequence


def example(root: Path) -> str:
    page = (root / "docs" / "howto" / "own-estimator.md").read_text()
    return re.search(r"```python\n(.*?)```", page, re.DOTALL)[1]


def test_the_printed_example_runs(root: Path, tmp_path: Path, make_clip) -> None:
    file = tmp_path / "my_file.py"
    file.write_text(example(root))
    words = ["extract", str(make_clip()), "-o", str(tmp_path / "out"), "--end", "1"]
    words += ["--estimator", f"{file}:brightest", "--estimator.brightest.threshold", "180"]
    assert main(words) == 0
    sequence = PoseSequence.load(tmp_path / "out" / "clip.npz")
    truth = 5 + (0.5 * np.arange(20)).astype(int) + 5.5
    np.testing.assert_allclose(sequence.keypoints[0, :, 0, 0], truth, atol=1)
    assert not sequence.present[0, :, 1:].any()
    assert sequence.provenance[0]["estimator"]["threshold"] == 180
    assert main([*words, "--estimator.brightest.treshold", "180"]) == 2


def test_it_is_as_short_as_promised(root: Path) -> None:
    code = [line for line in example(root).splitlines() if line.strip()]
    assert len(code) <= 34
