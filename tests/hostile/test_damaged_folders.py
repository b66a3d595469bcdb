# ruff: noqa: E501
"""Each file of a result folder, a study and a run is damaged in turn, and every command that reads it answers."""

from __future__ import annotations

import json
import os
import random
import shutil
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mgskel.cli import main
from mgskel.core.errors import MgskelError

_Damage = Callable[[bytes], bytes | None]


def _inside(value: Any) -> _Damage:
    """Every value of a JSON tree another, the keys as they were; none where it is no JSON."""

    def changed(tree: Any) -> Any:
        if isinstance(tree, dict):
            return {key: changed(one) for key, one in tree.items()}
        return [changed(one) for one in tree] if isinstance(tree, list) and tree else value

    def damage(raw: bytes) -> bytes | None:
        try:
            return json.dumps(changed(json.loads(raw))).encode()
        except ValueError:
            return None

    return damage


def _cells(value: str) -> _Damage:
    """Every cell of a table another, below its head; none where it is no table."""

    def damage(raw: bytes) -> bytes | None:
        head, _, rows = raw.partition(b"\n")
        if b"," not in head or not head.isascii() or not rows.strip():
            return None
        line = b",".join([value.encode()] * (head.count(b",") + 1))
        return b"\n".join([head, *[line] * rows.strip().count(b"\n"), line, b""])

    return damage


# The first few are tried on every file by the quick tests.
CONTENT: dict[str, _Damage] = {
    "half": lambda raw: raw[: len(raw) // 2], "noise": lambda raw: random.Random(1).randbytes(max(len(raw), 50)),
    "a number": _inside(5), "empty cells": _cells(""), "list": lambda raw: b"[]",
    "empty": lambda raw: b"", "deep": lambda raw: b"[" * 100_000, "zeros": lambda raw: bytes(len(raw) or 10), "five": lambda raw: b"5",
    "object": lambda raw: b"{}", "table": lambda raw: b"a,b\n1,2\n", "twice": lambda raw: raw * 2, "head": lambda raw: raw.split(b"\n", 1)[0] + b"\n",
    "negative": _inside(-1e308), "huge": _inside(10**400), "text": _inside("x"), "nothing": _inside(None), "lists": _inside([]),
    "cells x": _cells("x"), "cells nan": _cells("nan"), "cells 1e308": _cells("1e308"), "cells -5": _cells("-5"),
}  # fmt: skip
PLACES = ("folder", "endless", "pipe", "loop", "gone")
QUICK = (*list(CONTENT)[:5], "folder", "endless")


def _damage(path: Path, kind: str) -> bool:
    """Damage a file in one way; false where that way does nothing to such a file."""
    if kind in CONTENT:
        raw = path.read_bytes()
        changed = CONTENT[kind](raw)
        if changed is None or changed == raw:
            return False
        path.write_bytes(changed)
        return True
    path.unlink()
    if kind == "folder":
        (path / "inner").mkdir(parents=True)
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind != "gone":
        path.symlink_to("/dev/zero" if kind == "endless" else path.name)
    return True


def _do(line: str, **files: Path) -> None:
    words = [str(files.get(word, word)) for word in line.split()]
    assert main([*words, "-q"]) == 0


@pytest.fixture(scope="session")
def result(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `analyze` makes of keypoints, beside them, with a coder's review."""
    from mgskel.review.shelf import Shelf
    from mgskel.study.reviews import save_review

    place = tmp_path_factory.mktemp("result")
    _do("synthesise recordings 1 --seconds 6 --layout coco17 -o M", M=place / "made")
    shutil.copy(place / "made" / "synthetic-0000.npz", place / "clip.npz")
    _do("analyze --from C -o O --sensitivity 1", C=place / "clip.npz", O=place / "out")
    review = Shelf(place / "out").review("out", "anna")
    assert review.events
    judged = tuple(replace(one, state="accepted", at="2026") for one in review.events)
    save_review(place / "out", replace(review, events=judged))
    return place / "out"


@pytest.fixture(scope="session")
def study(result: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six such clips of two conditions, with the tables and pages of a study."""
    from mgskel.review.review_export import export
    from mgskel.study.study_folder import About

    folder = tmp_path_factory.mktemp("study") / "study"
    for clip in range(6):
        shutil.copytree(result, folder / f"c{clip}")
    rows = [f"c{clip},p{clip},{'ab'[clip % 2]}\n" for clip in range(6)]
    (folder / "participants.csv").write_text("clip,participant,condition\n" + "".join(rows))
    About(sources={"c0": "c0.mp4"}, recognizer="x").save(folder)
    export(folder)
    _do("compare F --by condition", F=folder)
    _do("gestures F", F=folder)
    return folder


@pytest.fixture(scope="session")
def trained(labelled: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("trained") / "run"
    line = "train --data.train T -o O --optim.epochs=1 --machine.tensorboard=off"
    _do(f'{line} --model.sizes={{"channels":[8]}}', T=labelled, O=out)
    return out


def _review(folder: Path) -> int:
    """All that the pages of the review app ask for; 2 where something is refused."""
    from mgskel.review.review_export import agree, export
    from mgskel.review.review_server import App, ReviewSettings
    from mgskel.review.shelf import Shelf, review_for_page

    shelf, status = Shelf(folder), 0
    asked: list[Callable[[], object]] = [
        lambda: App(folder, ReviewSettings()).queue.close(), lambda: shelf.overview("me", False), shelf.labels,
        *[lambda clip=clip: shelf.recording(clip) for clip in shelf.clips()],
        *[lambda clip=clip: review_for_page(shelf.review(clip, "anna")) for clip in shelf.clips()],
        *[lambda clip=clip: shelf.footage(clip) for clip in shelf.clips()],
        lambda: agree(folder, ["machine", "anna"]), lambda: export(folder),
    ]  # fmt: skip
    for ask in asked:
        try:
            ask()
        except MgskelError as error:
            assert len(str(error).splitlines()) < 40
            status = 2
    return status


# F: the folder, O: an output, C: the recording that the folder was made of, T: labelled clips.
AGAIN = "analyze --from C -o F --sensitivity 1"
RESULT = {
    "pose.npz": ("validate F", "spot F", "describe F", "reason F", "cut F", "review F", AGAIN),
    "events.csv": ("describe F", "agree F F --resamples 9", "cut F", "review F", AGAIN),
    "statements.json": ("reason F", "review F", AGAIN), "quality.json": ("review F", AGAIN), "playback.json": ("review F", AGAIN),
    "review-anna.json": ("agree F F --resamples 9", "cut F", "review F"), ".stages.json": (AGAIN,), ".lock": (AGAIN, "review F"),
    "assessment.json": (AGAIN,), "events.eaf": (AGAIN,), "report.html": (AGAIN,),
}  # fmt: skip
OVER = ("compare F --by condition", "gestures F", "review F")
STUDY = dict.fromkeys(("study.json", "events.csv", "summary.csv", "observable.csv", "bins.csv", "summary_wide.csv", "participants.csv", "methods.md", "index.html", "gestures.json", "gestures.csv", "compare_condition.json", "compare_condition.html"), OVER)  # fmt: skip
RUN_WORDS = (
    "export F O.onnx", "hub F -o O.zip", "evaluate F --data T", "evaluate F F --data T --weights validation", "predict F --data T -o O.csv",
    "spot C --model F", "attention F --data C -o O",
)  # fmt: skip
TRAIN = "train --data.train T -o F --optim.epochs=1 --machine.tensorboard=off --model.sizes={channels:[8]}"


def _answers(source: Path, name: str, kind: str, line: str, place: Path, capsys: Any, **files: Path) -> None:  # fmt: skip
    """Run one command on a copy of a folder with one file damaged: it ends well, and soon."""
    shutil.rmtree(place, ignore_errors=True)
    folder = place / "f"
    shutil.copytree(source, folder)
    if not _damage(folder / name, kind):
        return
    known = {"F": folder, **files}
    words = [
        str(known.get(word, str(place / word.replace("O", "o", 1)) if word[:1] == "O" else word))
        for word in line.split()
    ]  # fmt: skip
    begun = time.process_time()
    status = _review(folder) if words[0] == "review" else main([*words, "-q"])
    said, what = capsys.readouterr().err, f"{name}, {kind}: {line}"
    assert status in (0, 1, 2), f"{what}\n{said}"
    assert "Traceback" not in said and "internal error" not in said, f"{what}\n{said}"
    assert len(said.splitlines()) < 40 and len(said) < 10_000, what
    assert time.process_time() - begun < 5, what
    assert not list(place.rglob("*.part-*")), what
    if status == 2:
        assert said or words[0] == "review", what
        assert [path.name for path in place.iterdir()] == ["f"], what
    if status == 0 and line == AGAIN and name not in (".lock", "playback.json", "review-anna.json"):
        assert (folder / name).read_bytes() == (source / name).read_bytes(), what


@pytest.mark.parametrize("name", RESULT)
def test_a_file_of_a_result_folder(tmp_path: Path, result: Path, name: str, capsys: Any) -> None:
    lines = RESULT[name]
    for number, kind in enumerate(QUICK):  # every line with every kind: see below, slow
        line = lines[number % len(lines)]
        _answers(result, name, kind, line, tmp_path / "w", capsys, C=result.parent / "clip.npz")


@pytest.mark.parametrize("name", STUDY)
def test_a_file_of_a_study(tmp_path: Path, study: Path, name: str, capsys: Any) -> None:
    for number, kind in enumerate(QUICK):
        _answers(study, name, kind, OVER[number % 3], tmp_path / "w", capsys)


@pytest.mark.slow
@pytest.mark.parametrize("kind", [*CONTENT, *PLACES])
def test_every_file_of_a_result_folder_and_of_a_study(
    tmp_path: Path, result: Path, study: Path, kind: str, capsys: Any
) -> None:
    lines = {line for some in RESULT.values() for line in some} | {"convert F O.npz", "predict R --data F -o O.csv", "gestures F", "extract F -o O --workers 1"}  # fmt: skip
    run = result.parent / "none"
    for name in sorted(path.name for path in result.iterdir()):
        for line in sorted(lines):
            _answers(result, name, kind, line, tmp_path / "w", capsys, C=result.parent / "clip.npz", R=run)  # fmt: skip
    names = [path for path in study.rglob("*") if path.is_file() and path.parent.name in ("study", "c0", "coders")]  # fmt: skip
    for name in sorted(str(path.relative_to(study)) for path in names):
        for line in (*OVER, "cut F", "agree F F --resamples 9"):
            _answers(study, name, kind, line, tmp_path / "w", capsys)


@pytest.mark.slow
@pytest.mark.parametrize("kind", [*CONTENT, *PLACES])
def test_every_file_of_a_run(
    tmp_path: Path, trained: Path, labelled: Path, result: Path, kind: str, capsys: Any
) -> None:
    files = {"T": labelled, "C": result.parent / "clip.npz"}
    for path in sorted(path for path in trained.rglob("*") if path.is_file()):
        name = str(path.relative_to(trained))
        read = name in (
            "recognizer.json",
            "model.safetensors",
            "validation.npz",
            "config.yaml",
            "training.json",
        )
        for line in (*(RUN_WORDS if read else RUN_WORDS[1:2]), TRAIN):
            _answers(trained, name, kind, line, tmp_path / "w", capsys, **files)
