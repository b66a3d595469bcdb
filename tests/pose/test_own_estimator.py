"""The example in docs/howto/own-estimator.md works as printed, within thirty-odd lines."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from mgskel.pose.estimators import EstimatorSettings, estimator_identity, list_estimators
from mgskel.pose.extract import ExtractSettings, extract
from mgskel.pose.video import VideoSettings


def example(root: Path) -> str:
    page = (root / "docs" / "howto" / "own-estimator.md").read_text()
    return re.search(r"```python\n(.*?)```", page, re.DOTALL)[1]


def test_the_printed_example_runs(
    root: Path, tmp_path: Path, make_clip, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = tmp_path / "site"
    about = site / "my_package-0.3.dist-info"
    about.mkdir(parents=True)
    (site / "my_package.py").write_text(example(root))
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: my-package\nVersion: 0.3\n")
    (about / "entry_points.txt").write_text(
        "[mgskel.estimators]\nbrightest = my_package:BrightestSpot\n"
    )
    monkeypatch.syspath_prepend(str(site))
    assert "brightest" in list_estimators()
    chosen = EstimatorSettings(name="brightest", own={"threshold": 180})
    settings = ExtractSettings(estimator=chosen, video=VideoSettings(end=1.0))
    sequence = extract(make_clip(), settings=settings).sequence
    truth = 5 + (0.5 * np.arange(20)).astype(int) + 5.5
    np.testing.assert_allclose(sequence.keypoints[0, :, 0, 0], truth, atol=1)
    assert not sequence.present[0, :, 1:].any()
    assert estimator_identity(chosen)["version"] == "0.3"
    assert estimator_identity(chosen)["settings"] == {"threshold": 180}


def test_it_is_as_short_as_promised(root: Path) -> None:
    code = [line for line in example(root).splitlines() if line.strip()]
    assert len(code) <= 30
