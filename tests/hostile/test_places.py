# ruff: noqa: E501
"""Pipes, devices, names that are no text, outputs that are inputs, folders that somebody holds."""

from __future__ import annotations

import fcntl
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from hostile_commands import filled, on_a_full_disk, refuse

from mgskel.cli import main


def _fifo(folder: Path, name: str) -> Path:
    os.mkfifo(folder / name)
    return folder / name


def _endless(folder: Path, name: str) -> Path:
    (folder / name).symlink_to("/dev/zero")
    return folder / name


# X: the hostile path, P: a good recording, E: events, S: statements, R: a run, O: an output.
PLACES = [
    "validate X", "convert X O.npz", "spot X", "spot P --reference X", "spot P --model X", "describe P --events X", "describe P --thresholds X",
    "reason X", "reason S --scene X", "extract P -c X -o O", "analyze --from X -o O", "analyze --from P --scene X -o O", "train -c X -o O",
    "train --data.train X -o O", "pretrain --data X -o O", "predict R --data X -o O.csv", "predict X --data P -o O.csv", "evaluate R --data X", "export X O.onnx",
    "attention R --data X -o O", "attention R --data P --on-picture X -o O", "agree X E", "agree E E --map X", "compare X --by a", "gestures X", "cut X -o O",
    "synthesise clips -c X -o O.npz", "convert P O.npz --to-layout X", "analyze P P --participants X -o O", "finetune X -o O", "demo X -o O",
]  # fmt: skip


@pytest.mark.parametrize("line", PLACES)
def test_pipes_devices_and_names_that_are_no_text(
    tmp_path: Path, good: Path, line: str, capsys: Any
) -> None:
    for hostile in (
        _fifo(tmp_path, "a.json"), _endless(tmp_path, "b.yaml"), "a\udcff.npz", tmp_path / "gone.npz", "x" * 5000,
    ):  # fmt: skip
        refuse(filled(line, good, hostile, tmp_path / "o"), tmp_path, capsys)


@pytest.mark.parametrize("line", [
    "convert P X", "describe P --events none -o X", "spot P -o X", "reason S -o X", "predict R --data P -o X", "export R X",
    "synthesise clips --labels nod -o X", "analyze --from P -o X", "extract P -o X", "train --data.train P -o X", "pretrain --data P -o X", "agree E E -o X",
])  # fmt: skip
def test_an_output_that_cannot_be_written(
    tmp_path: Path, good: Path, line: str, capsys: Any
) -> None:
    """Below a file, where root cannot write either; and where the system says that nothing fits."""
    (tmp_path / "file").write_text("mine")
    ending = {"convert": ".npz", "describe": ".json", "spot": ".csv", "export": ".onnx", "predict": ".csv", "synthesise": ".npz", "reason": ".json"}  # fmt: skip
    below = tmp_path / "file" / f"o{ending.get(line.split()[0], '')}"
    refuse(filled(line, good, below, tmp_path), tmp_path, capsys)
    assert (tmp_path / "file").read_text() == "mine"


@pytest.mark.parametrize("line", [
    "describe P -o P", "spot P -o P", "reason S -o S", "convert P P", "describe P --events E -o E", "reason S --events E -o E", "spot P --reference E -o E",
    "predict R --data P -o P", "reason P -o P", "agree E E -o E",
])  # fmt: skip
def test_no_input_is_written_over(tmp_path: Path, good: Path, line: str, capsys: Any) -> None:
    own = tmp_path / "own"
    shutil.copytree(good, own)
    before = {path: path.read_bytes() for path in own.rglob("*") if path.is_file()}
    refuse(filled(line, own, "", tmp_path), tmp_path, capsys)
    assert all(path.read_bytes() == content for path, content in before.items())


@pytest.mark.parametrize("line", [
    "extract P -o O", "extract P P -o O", "analyze --from P -o O", "analyze P -o O", "analyze P P -o O",
    "extract P -o O --workers 2", "analyze P -o O --all-people", "extract P -o O --all-people", "analyze P P -o O --workers 1", "extract P -o O --json",
])  # fmt: skip
def test_a_folder_that_another_run_holds(
    tmp_path: Path, good: Path, line: str, capsys: Any
) -> None:
    out = tmp_path / "o"
    out.mkdir()
    with open(out / ".lock", "w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        said = refuse(filled(line, good, "", out), tmp_path, capsys)
    assert "another run is working" in said


@pytest.mark.parametrize("line", [
    "train --data.train T -o O", "train --data.train T -o O --optim.epochs 2", "train --frames --data.train T -o O", "pretrain --data T -o O",
])  # fmt: skip
def test_a_training_that_another_process_holds(
    tmp_path: Path, labelled: Path, line: str, capsys: Any
) -> None:
    from mgskel.core.storage.stages import working_in

    out = tmp_path / "o"
    with working_in(out / "checkpoints"):
        said = refuse(filled(line, labelled, labelled, out, T=labelled), tmp_path, capsys)
        assert "another run is working" in said and f"process {os.getpid()}" in said


def test_a_film_that_cannot_be_drawn_leaves_no_pictures(
    tmp_path: Path, good: Path, capsys: Any
) -> None:
    (tmp_path / "a.mp4").write_bytes(b"no film" * 99)
    line = "attention R --data P --on-picture X -o O"
    refuse(filled(line, good, tmp_path / "a.mp4", tmp_path / "o"), tmp_path, capsys)


@pytest.mark.parametrize("name", ["a.npz", "a.csv", "manifest.json", "a.b.c", "x" * 100, "deep/a.npz", "deep/deeper/b.json", "\u00e4.npz", "o.mp4", "report.html"])  # fmt: skip
def test_what_killed_runs_left_is_swept(tmp_path: Path, good: Path, name: str) -> None:
    left = tmp_path / "o" / name
    left = left.with_name(f".0123456789abcdef0123.part-{left.name}")
    left.parent.mkdir(parents=True)
    left.write_text("half")
    assert main(["extract", str(good / "pose.npz"), "-o", str(tmp_path / "o"), "-q"]) == 0
    assert not left.exists()
    assert main(["extract", str(good / "pose.npz"), "-o", str(tmp_path / "o"), "-q"]) == 0


WRITERS = [
    "convert P O.npz", "convert P O.csv", "synthesise clips 4 -o O.npz", "synthesise recordings --seconds 5 -o O", "hub R -o O.zip", "hub R -o O",
    "spot P -o O.eaf", "extract P -o O --workers 1", "analyze --from P -o O --no-attention", "train --data.train T -o O --optim.epochs=1 --machine.tensorboard=off",
]  # fmt: skip


@pytest.mark.parametrize("line", WRITERS)
def test_a_disk_that_becomes_full(tmp_path: Path, good: Path, labelled: Path, line: str) -> None:
    words = filled(line, good, "", tmp_path / "o", T=labelled)
    status, said = on_a_full_disk(words, largest=1500)
    assert status in (1, 2), said
    assert "File too large" in said or "too large" in said, said
    assert "Traceback" not in said and "internal" not in said and len(said.splitlines()) < 40
    left = [path.name for path in tmp_path.rglob("*") if path.is_file()]
    assert not [name for name in left if "part-" in name], left
    if status == 2:
        assert set(left) <= {".lock"}, left


@pytest.mark.parametrize("line", ["convert P O.npz", "spot P -o O.csv", "describe P --events none -o O.json", "extract P -o O", "analyze --from P -o O", "agree E E -o O", "attention R --data P -o O", "hub R -o O", "train --data.train P -o O", "export R O.onnx", "predict R --data P -o O.csv"])  # fmt: skip
@pytest.mark.parametrize(
    "deep", ["d/" * 250, "d/" * 2000, "x" * 200 + "/" + ("y" * 200 + "/") * 20]
)
def test_outputs_in_more_folders_than_can_be(
    tmp_path: Path, good: Path, line: str, deep: str, capsys: Any
) -> None:
    refuse(filled(line, good, "", tmp_path / deep / "o"), tmp_path, capsys)


@pytest.mark.parametrize("line", ["attention X --data P -o O", "pretrain --data E -o O", "train --data.train E -o O", "analyze --from E -o O", "train --data.train P -o O"])  # fmt: skip
def test_a_folder_that_was_there_is_as_it_was(
    tmp_path: Path, good: Path, line: str, capsys: Any
) -> None:
    (tmp_path / "o").mkdir()
    (tmp_path / "o" / "mine.txt").write_text("mine")
    refuse(filled(line, good, tmp_path, tmp_path / "o"), tmp_path, capsys)


@pytest.mark.parametrize("kind", ["link", "dangling", "text", "long", "pipe", "endless", "folder", "binary"])  # fmt: skip
def test_a_lock_that_is_none_stays_as_it_is(
    tmp_path: Path, good: Path, kind: str, capsys: Any
) -> None:
    out, lock = tmp_path / "o", tmp_path / "o" / ".lock"
    out.mkdir()
    (tmp_path / "mine.txt").write_text("mine")
    if kind in ("link", "dangling", "endless"):
        to = {"link": tmp_path / "mine.txt", "dangling": tmp_path / "gone", "endless": "/dev/zero"}
        lock.symlink_to(to[kind])
    elif kind == "pipe":
        os.mkfifo(lock)
    elif kind == "folder":
        lock.mkdir()
    else:
        lock.write_bytes(
            {"text": b"mine", "long": b"1" * 20 + b"x" * 999, "binary": b"\x80\xff"}[kind]
        )
    refuse(filled("extract P -o O", good, "", out), tmp_path, capsys)
    assert (tmp_path / "mine.txt").read_text() == "mine"
    if kind == "text":
        assert lock.read_text() == "mine"


@pytest.mark.parametrize("setting", ["--camera.yaw=60,-60", "--camera.pitch=0,91", "--camera.view_angle=0,0", "--camera.shake=-1,1", "--flow.per_minute=5,1", "--camera.roll=-1e5,1", "--camera.sizes=0x0", "--camera.sizes=[[0,5]]", "--camera.sizes=[[99999999,5]]", "--camera.fps=-5"])  # fmt: skip
def test_ranges_that_are_none(tmp_path: Path, setting: str, capsys: Any) -> None:
    refuse(["synthesise", "clips", "1", "-o", tmp_path / "o.npz", setting], tmp_path, capsys)
