# ruff: noqa: E501
"""Digits that are no ASCII ones, addresses that are none, settings without content."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from hostile_commands import filled, refuse, written

ADDRESSES = ["http://[x", "http://[::1", "http://h:x/", "http://h:99999/v1", "http://h:-1/", "https://]/", "http://[v1.x]:5:6/", "http://", "http:///v1", "ftp://h/v1"]  # fmt: skip


@pytest.mark.parametrize("address", ADDRESSES)
def test_addresses_that_are_none(tmp_path: Path, good: Path, address: str, capsys: Any) -> None:
    asked = ["reason", good / "statements.json", "--llm-url", address, "--llm-model", "m"]
    refuse(asked, tmp_path, capsys)
    refuse([*asked, "--dry-run"], tmp_path, capsys)


@pytest.mark.parametrize("line", ["extract X -o O", "spot X -o O.csv", "analyze X -o O", "live X --lines"])  # fmt: skip
@pytest.mark.parametrize("address", ["http://[x/a.mp4", "http://h:99999/a.mp4", "rtsp://h:x/a"])
def test_clips_at_addresses_that_are_none(
    tmp_path: Path, good: Path, line: str, address: str, capsys: Any
) -> None:
    refuse(filled(line, good, address, tmp_path / "o"), tmp_path, capsys)


@pytest.mark.parametrize("media", ["", "  ", "/", ".", "a\x01.mp4", "a\n.mp4", "x" * 300, "a/" * 3000 + "b", "http://h/a.mp4", "\u202e.mp4"])  # fmt: skip
def test_clips_beside_events_that_are_none(
    tmp_path: Path, good: Path, media: str, capsys: Any
) -> None:
    line = filled("spot P -o O.eaf", good, "", tmp_path / "o")
    assert "--media names no clip" in refuse([*line, "--media", media], tmp_path, capsys)


DIGITS = ["\u00b2", "\u0663", "9" * 5000, "1\u00b9", "\u2460"]


@pytest.mark.parametrize("line", ["convert P O.npz --only", "spot P --frame-size", "convert P O.npz --person", "attention R --data P -o O --target"])  # fmt: skip
def test_digits_that_write_no_number(tmp_path: Path, good: Path, line: str, capsys: Any) -> None:
    for digits in DIGITS:
        words = filled(line, good, "", tmp_path / "o")
        value = f"{digits}x{digits}" if words[-1] == "--frame-size" else digits
        try:
            refuse([*words, value], tmp_path, capsys)
        except SystemExit as stop:  # the parser's own refusal
            assert stop.code == 2
            assert len(capsys.readouterr().err) < 2000


def test_names_of_people_that_look_like_numbers(tmp_path: Path, good: Path) -> None:
    """A name becomes a number in a format of numbered people only where it is one."""
    from mgskel.cli import main
    from mgskel.core.sequence import PoseSequence

    sequence = PoseSequence.load(good / "pose.npz").to_skeleton("openpose18", allow_missing=True)
    sequence.replace(people=("\u00b2",)).save(tmp_path / "p.npz")
    assert main(["convert", str(tmp_path / "p.npz"), str(tmp_path / "op"), "-q"]) == 0


@pytest.mark.parametrize("line", ["describe P --events none --thresholds X", "reason S --scene X", "train -c X -o O", "extract P -c X -o O", "convert P O.npz --to-layout X", "synthesise clips -c X -o O.npz", "pretrain -c X -o O"])  # fmt: skip
@pytest.mark.parametrize("content", ["", " \n\n", "\ufeff"])
def test_settings_without_content(
    tmp_path: Path, good: Path, line: str, content: str, capsys: Any
) -> None:
    path = written("a.yaml", content)(tmp_path)
    refuse(filled(line, good, path, tmp_path / "o"), tmp_path, capsys)


@pytest.mark.parametrize("content", ["", "\n", ",\n"])
def test_a_table_of_words_without_words(
    tmp_path: Path, good: Path, content: str, capsys: Any
) -> None:
    path = written("map.csv", content)(tmp_path)
    refuse(["agree", good / "events.csv", good / "events.csv", "--map", path], tmp_path, capsys)


@pytest.mark.parametrize("head", ["label,start_s,end_s,label", "label,start_s,start_s,end_s", "label,start_s,end_s,end_s", "person,person,label,start_s,end_s"])  # fmt: skip
def test_columns_that_stand_there_twice(tmp_path: Path, good: Path, head: str, capsys: Any) -> None:
    cells = ["nod" if name == "label" else str(i) for i, name in enumerate(head.split(","))]
    path = written("e.csv", f"{head}\n{','.join(cells)}\n")(tmp_path)
    refuse(["describe", good / "pose.npz", "--events", path], tmp_path, capsys)
    refuse(["agree", path, good / "events.csv"], tmp_path, capsys)


def test_what_the_rules_cannot_judge_is_refused_before_anything_is_measured(
    tmp_path: Path, good: Path, capsys: Any, monkeypatch: Any
) -> None:
    def measured(*_: Any) -> None:
        raise AssertionError("measured first")

    monkeypatch.setattr("mgskel.cli.reason.read_recordings", measured)
    scene = written("scene.yaml", "setting: a talk\nlabels: [calm, zzz]\n")(tmp_path)
    said = refuse(["reason", good / "pose.npz", "--scene", scene], tmp_path, capsys)
    assert "zzz" in said


def test_a_pretraining_that_cannot_be_leaves_no_folder(
    tmp_path: Path, good: Path, labelled: Path, capsys: Any
) -> None:
    words = ["train", "--data.train", labelled, "-o", tmp_path / "o" / "run", "--pretrain"]
    for wrong in (good / "statements.json", good / "events.csv", tmp_path):
        refuse([*words, wrong, "--machine.tensorboard=off"], tmp_path, capsys)


def test_a_camera_that_never_was_leaves_no_table(tmp_path: Path, good: Path, capsys: Any) -> None:
    shutil.copy(good / "pose.npz", tmp_path / "clip.mp4")
    words = ["live", tmp_path / "clip.mp4", "--lines", "-o", tmp_path / "events.csv"]
    refuse([*words, "--record", tmp_path / "poses.npz"], tmp_path, capsys)


@pytest.mark.parametrize("line", [
    "validate X", "pretrain --data X -o O", "train --data.train X -o O", "analyze X -o O", "extract X -o O", "hub X -o O.zip",
    "spot P --model X", "describe X", "reason X",
])  # fmt: skip
@pytest.mark.parametrize("ending", [".mp4", ".npz", ".json"])
def test_files_that_are_nearly_all_holes(
    tmp_path: Path, good: Path, line: str, ending: str, capsys: Any
) -> None:
    """They would be hashed or searched for minutes, and hold nothing."""
    path = tmp_path / f"a{ending}"
    with open(path, "wb") as file:
        file.truncate(40 << 30)
    refuse(filled(line, good, path, tmp_path / "o"), tmp_path, capsys)


@pytest.mark.parametrize("layout", ["nothing", "/dev/zero", "", "../coco17", "x" * 300])
def test_a_layout_that_is_none_is_refused_where_the_file_names_its_own(
    tmp_path: Path, good: Path, layout: str, capsys: Any
) -> None:
    for verb in ("validate", "spot", "describe"):
        refuse([verb, good / "pose.npz", "--layout", layout], tmp_path, capsys)


def test_replies_are_kept_in_folders_only(tmp_path: Path, good: Path, capsys: Any) -> None:
    asked = ["reason", good / "statements.json", "--llm-url", "http://127.0.0.1:9/v1"]
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    for place in (good / "events.csv", tmp_path / "loop", "/dev/null"):
        refuse([*asked, "--llm-model", "m", "--cache", place], tmp_path, capsys)


@pytest.mark.parametrize("line", [
    "describe P --kinds X", "describe X", "validate X", "analyze X -o O", "analyze P P --participants X -o O", "extract X -o O", "train --data.train X -o O", "train -c X -o O",
    "spot P --model X", "agree X E", "review X --no-browser", "cut X", "gestures X", "compare X --by a", "hub X -o O", "demo X -o O", "live X --lines", "finetune X -o O",
])  # fmt: skip
def test_links_that_lead_back_to_themselves(
    tmp_path: Path, good: Path, line: str, capsys: Any
) -> None:
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    refuse(filled(line, good, tmp_path / "loop", tmp_path / "o"), tmp_path, capsys)
