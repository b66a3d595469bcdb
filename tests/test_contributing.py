"""The parts that CONTRIBUTING.md shows work as they stand there, each from one file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from mgskel.core.registry import Registry, load_file
from mgskel.core.skeleton import get_skeleton
from mgskel.describe.kinds import KINDS
from mgskel.describe.thresholds import SECTIONS
from mgskel.formats import FORMATS, read
from mgskel.models.backbone import BACKBONES
from mgskel.pose.estimator import ESTIMATORS

REGISTRIES: tuple[Registry[Any], ...] = (BACKBONES, ESTIMATORS, FORMATS, KINDS, SECTIONS)


def shown(root: Path, language: str) -> list[str]:
    """The blocks of a language on the page."""
    page = (root / "CONTRIBUTING.md").read_text(encoding="utf-8")
    return re.findall(rf"```{language}\n(.*?)```", page, re.DOTALL)


@pytest.fixture
def parts(root: Path, tmp_path: Path) -> Iterator[Path]:
    """A folder with a file for each part shown, loaded and forgotten again."""
    before = []
    for registry in REGISTRIES:
        registry.names()
        before.append((registry, dict(registry._entries), dict(registry._homes)))
        for name, home in tuple(registry._homes.items()):
            if home is not None and home.startswith("mgskel_user_"):  # of another test
                registry._entries.pop(name, None)
                del registry._homes[name]
    for code in shown(root, "python"):
        file = tmp_path / code.partition("\n")[0].removeprefix("# ")
        file.write_text(code)
        load_file(file)
    yield tmp_path
    for registry, entries, homes in before:
        registry._entries, registry._homes = entries, homes


def test_every_part_shown_does_its_work(parts: Path) -> None:
    import torch

    network = BACKBONES.get("plain")(get_skeleton("natops8"), 3)
    assert network(torch.zeros(2, 3, 12, 8, 1)).shape == (2, 3)

    (parts / "a.txt").write_text("noses\n1 2\n3 4\n5 6\n")
    assert read(parts / "a.txt").only.sequence.joint("nose")[0].tolist() == [[1, 2], [3, 4], [5, 6]]

    entry = ESTIMATORS.get("brightest")
    picture = np.zeros((48, 64, 3), np.uint8)
    picture[20:24, 30:34] = 255
    ((found,), nobody) = entry.create(entry.settings(), 1).estimate([picture, 0 * picture])
    assert found.keypoints[0].tolist() == [31.5, 21.5] and nobody == []


def test_the_gesture_shown_is_known_in_full_and_can_be_performed(
    root: Path, tmp_path: Path
) -> None:
    from mgskel.core.config import from_dict
    from mgskel.core.gestures import Gesture
    from mgskel.reason.priors import load_priors
    from mgskel.synthesis import SynthesisSettings, synthesise_clip

    (entry,) = shown(root, "yaml")
    ((name, tree),) = yaml.safe_load(entry).items()
    gesture = from_dict(Gesture, {"name": name, **tree}, "CONTRIBUTING.md")
    assert set(gesture.shows) <= set(KINDS.names())
    assert gesture.prior in {one.name for one in load_priors().movements}
    file = tmp_path / "own.yaml"
    file.write_text(yaml.safe_dump({"programs": dict(gesture.performed)}))
    clip = synthesise_clip(name, seed=1, settings=SynthesisSettings(programs=(file,)))
    assert [event.label for event in clip.events] == [name]
