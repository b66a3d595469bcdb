# ruff: noqa: E501
"""Records of a study that nobody wrote: each value of a wrong kind is named, no page is half made."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from hostile_commands import refuse

from mgskel.core.errors import InputError
from mgskel.pose.batches.manifest import Manifest
from mgskel.study.reviews import load_reviews
from mgskel.study.study_folder import About

WRONG: tuple[Any, ...] = (5, None, "x", [], [[]], {"a": [1]}, -1.5, [None], 10**400)
ABOUT = {
    "sources": {},
    "classes": [],
    "recognizer": "",
    "settings": {},
    "failures": {},
    "bin_s": 60,
}
CLASS = {
    "id": 0,
    "name": "nod",
    "group": "head",
    "micro": True,
    "raw_id": 1,
    "needs": [],
    "means": [],
}
EVENT = {
    "person": "1",
    "label": "nod",
    "class_id": -1,
    "start_s": 0.0,
    "end_s": 1.0,
    "score": 1.0,
    "alternatives": [],
}
JUDGED = {"id": "m0", "event": EVENT, "state": "open", "at": "", "machine": None}
REVIEW = {
    "schema": "mgskel-review/1",
    "coder": "a",
    "events": [JUDGED],
    "blind": False,
    "finished": False,
    "revision": 1,
    "saved": "",
}
RECORD = {"hash": "", "settings": "k", "state": "done"}
MANIFEST = {"version": 1, "settings": {"k": {}}, "clips": {"a.mp4": RECORD}}


def _write(path: Path, tree: object) -> Path:
    path.write_text(json.dumps(tree))
    return path.parent


def _hostile(tree: dict[str, Any], place: str, value: Any) -> dict[str, Any]:
    copy = json.loads(json.dumps(tree))
    node: Any = copy
    *above, last = place.split(".")
    for key in above:
        node = node[int(key)] if key.isdigit() else node[key]
    node[last] = value
    return dict(copy)


def _fits(usual: Any, value: Any) -> bool:
    """Whether a value is of the kind that stands there."""
    numbers = isinstance(usual, int | float) and isinstance(value, int | float)
    return type(usual) is type(value) or numbers


@pytest.mark.parametrize("key", sorted(ABOUT))
def test_the_record_of_a_study(tmp_path: Path, key: str) -> None:
    for value in WRONG:
        if _fits(ABOUT[key], value) and value not in (-1.5, {"a": [1]}, [[]], [None], 10**400):
            continue
        if key == "settings" and isinstance(value, dict):
            continue
        _write(tmp_path / "study.json", _hostile(ABOUT, key, value))
        with pytest.raises(InputError) as caught:
            About.load(tmp_path)
        assert len(str(caught.value).splitlines()) < 40


@pytest.mark.parametrize("key", ["id", "name", "group", "micro", "raw_id", "needs", "means"])
def test_the_classes_of_a_study(tmp_path: Path, key: str) -> None:
    for value in ([[]], {"a": [1]}, [None]):
        wrong = _hostile({**ABOUT, "classes": [CLASS]}, f"classes.0.{key}", value)
        _write(tmp_path / "study.json", wrong)
        with pytest.raises(InputError):
            About.load(tmp_path)


@pytest.mark.parametrize("key", [
    "coder", "events", "blind", "finished", "revision", "saved", "events.0.id", "events.0.event", "events.0.state", "events.0.at", "events.0.event.alternatives",
    "events.0.event.start_s", "events.0.event.label",
])  # fmt: skip
def test_a_review(tmp_path: Path, key: str) -> None:
    for value in ([[]], {"a": [1]}, [None], None):
        _write(tmp_path / "review-a.json", _hostile(REVIEW, key, value))
        with pytest.raises(InputError):
            load_reviews(tmp_path)
    _write(tmp_path / "review-a.json", REVIEW)
    assert load_reviews(tmp_path)[0].coder == "a"


@pytest.mark.parametrize("key", ["version", "settings", "clips", "clips.a.mp4"])
def test_a_manifest(tmp_path: Path, key: str) -> None:
    for value in (
        *WRONG,
        {"a.mp4": {**RECORD, "error": [1]}},
        {"a.mp4": {**RECORD, "seconds": "x"}},
    ):
        tree = {**MANIFEST, "clips": {"a.mp4": value}} if key == "clips.a.mp4" else {**MANIFEST, key: value}  # fmt: skip
        _write(tmp_path / "manifest.json", tree)
        with pytest.raises(InputError):
            Manifest.open(tmp_path)
    _write(tmp_path / "manifest.json", MANIFEST)
    assert Manifest.open(tmp_path).entries["a.mp4"].state == "done"


@pytest.mark.parametrize(("name", "words"), [
    ("study.json", ["cut", "STUDY"]), ("study.json", ["gestures", "STUDY"]), ("study.json", ["review", "STUDY", "--no-browser", "--port", "1"]),
    ("manifest.json", ["analyze", "POSE", "POSE", "-o", "STUDY"]), ("manifest.json", ["extract", "POSE", "-o", "STUDY"]),
    ("review-a.json", ["gestures", "STUDY"]),
])  # fmt: skip
def test_a_study_with_such_a_record_is_refused_by_name(
    tmp_path: Path, good: Path, name: str, words: list[str], capsys: Any
) -> None:
    study = tmp_path / "study"
    for clip in ("a", "b"):
        (study / clip).mkdir(parents=True)
        shutil.copy(good / "pose.npz", study / clip / "pose.npz")
        (study / clip / "events.csv").write_text("label,start_s,end_s\nnod,0.5,1\n")
    (study / ".lock").touch()
    (study / "events.csv").write_text("clip,label,start_s,end_s,score\na,nod,0.5,1,1\n")
    (study / "a" / name if name.startswith("review") else study / name).write_text(
        '{"version": 1, "schema": "mgskel-review/1", "sources": 5, "clips": 5, "classes": [], '
        '"recognizer": "", "settings": {}, "failures": {}}'
    )
    places = {"STUDY": study, "POSE": good / "pose.npz"}
    refuse([places.get(word, word) for word in words], tmp_path, capsys)
