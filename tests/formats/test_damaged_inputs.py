"""Annotations, scenes, transcripts, statements and runs, changed at random: read or refused.

`make fuzz` runs the same for minutes.
"""

from __future__ import annotations

import hashlib
import json
import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from mutations import changes_for
from test_damaged import SEED, rounds

from mgskel.core.errors import InputError
from mgskel.core.events import GestureEvent, read_events, write_events
from mgskel.core.skeleton import get_skeleton
from mgskel.datasets.classes import ClassList
from mgskel.datasets.normalise import Normalisation
from mgskel.describe import Description
from mgskel.reason import load_scene
from mgskel.spotting import Recognizer
from mgskel.training.runs.clip_model import ClipInput, ClipModel
from mgskel.training.runs.model_folder import ModelSpec

SCENE = """setting: job interview
situation: A gap in the CV.
person: candidate
labels: [calm, anxiety]
places: {calm: {valence: 0.5}, anxiety: {valence: -0.5, stress: 0.7}}
transcript: said.srt
duration_s: 20.0
"""
SAID = "1\n00:00:01,000 --> 00:00:03,500\nA: What did you do?\n\n2\n00:00:04,000 --> 00:00:06,000\n"
STATEMENT = {
    "id": "s1", "kind": "gesture", "joints": [], "side": "none", "value": None, "unit": "",
    "category": "nodding", "from_s": 1.0, "to_s": 2.0, "confidence": 0.5, "text": "Nods.",
}  # fmt: skip
Read = Callable[[Path], Any]


def events(path: Path) -> Path:
    write_events(path, [GestureEvent("1", "nodding", -1, 0.5, 1.5, 0.75),
                        GestureEvent("2", "shrug", -1, 3.0, 4.0)])  # fmt: skip
    return path


def scene(path: Path) -> Path:
    (path.parent / "said.srt").write_text(SAID + "B: Not much.\n")
    (path.parent / "scene.yaml").write_text(SCENE)
    return path


def statements(path: Path) -> Path:
    path.write_text(json.dumps({"statements": [STATEMENT], "quality": {}, "source": "a"}))
    return path


def run(path: Path) -> Path:
    torch.manual_seed(0)
    spec = ModelSpec("light", "on", sizes={"channels": [8]})
    skeleton, classes = get_skeleton("coco17"), ClassList(("a", "b"), ("a", "b"))
    recipe = ClipInput("joint", 8, 1, 2, 1, Normalisation())
    ClipModel(spec.build(skeleton, 2, 2), skeleton, classes, spec, recipe).save(path.parent)
    return path


def vouched(path: Path) -> Any:
    """A run whose description vouches for whatever its weights are."""
    described = path.parent / "recognizer.json"
    if path != described:
        tree = json.loads(described.read_text())
        tree["weights_sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()
        described.write_text(json.dumps(tree))
    return Recognizer.load(path.parent)


def its_scene(path: Path) -> Any:
    return load_scene(path.parent / "scene.yaml")


KINDS: dict[str, tuple[Callable[[Path], Path], Read]] = {
    "events.csv": (events, read_events), "events.json": (events, read_events),
    "events.eaf": (events, read_events), "events.boris": (events, read_events),
    "scene.yaml": (scene, its_scene), "said.srt": (scene, its_scene),
    "statements.json": (statements, Description.load),
    "recognizer.json": (run, vouched), "model.safetensors": (run, vouched),
}  # fmt: skip


@pytest.mark.parametrize("name", KINDS)
def test_what_is_changed_is_read_or_refused(tmp_path: Path, name: str) -> None:
    make, read = KINDS[name]
    path = make(tmp_path / name)
    read(path)
    good, rng = path.read_bytes(), random.Random(name + SEED)
    changes = changes_for(name, good)
    for number in rounds(16):
        path.write_bytes(rng.choice(changes)(good, rng))
        begun = time.process_time()
        try:
            read(path)
        except InputError as error:
            assert len(str(error)) < 20_000 and str(error).count("\n") < 40
        assert time.process_time() - begun < 5, number
