# ruff: noqa: E501
"""Model folders, weights and checkpoints that no training wrote; trainings that cannot be."""

from __future__ import annotations

import json
import pickle
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hostile_commands import refuse

from mgskel.cli import main

SETTINGS: list[tuple[str, Any]] = [
    (key, value)
    for key in ("model.sizes.channels", "input.window", "input.views", "input.dims", "temperature", "skeleton.joints", "classes.names", "model.backbone")
    for value in (-1, 10**30, "x", [], None, {"a": []}, [10**9])
]  # fmt: skip


@pytest.mark.parametrize("key", sorted({key for key, _ in SETTINGS}))
def test_a_model_folder_describes_what_can_be(
    tmp_path: Path, good: Path, key: str, capsys: Any
) -> None:
    for _, value in (pair for pair in SETTINGS if pair[0] == key):
        if (key, value) in (("input.views", None),):
            continue
        tree = json.loads((good / "run" / "recognizer.json").read_text())
        node = tree
        *above, last = key.split(".")
        for name in above:
            node = node[name]
        node[last] = value
        shutil.rmtree(tmp_path / "run", ignore_errors=True)
        shutil.copytree(good / "run", tmp_path / "run")
        (tmp_path / "run" / "recognizer.json").write_text(json.dumps(tree))
        refuse(["export", tmp_path / "run", tmp_path / "o.onnx"], tmp_path, capsys)


@pytest.mark.parametrize("kind", ["nan", "inf", "large", "whole", "less", "more", "shape", "cut", "none", "head"])  # fmt: skip
def test_weights_are_such_as_training_gives(
    tmp_path: Path, good: Path, kind: str, capsys: Any
) -> None:
    from safetensors.numpy import load_file, save_file

    from mgskel.core.storage.files import file_hash

    shutil.copytree(good / "run", tmp_path / "run")
    path = tmp_path / "run" / "model.safetensors"
    state, raw = load_file(path), path.read_bytes()
    name = next(key for key, value in state.items() if value.dtype.kind == "f" and value.ndim > 1)
    changed = {
        "nan": {name: state[name] * np.nan}, "inf": {name: state[name] + np.float32(np.inf)}, "large": {name: state[name] + np.float32(1e30)},
        "whole": {name: state[name].astype(np.int64)}, "more": {"another": np.zeros(3, np.float32)}, "shape": {name: np.zeros((3, 3), np.float32)},
    }.get(kind, {})  # fmt: skip
    if kind == "less":
        del state[name]
    save_file({**state, **changed}, path)
    if kind in ("cut", "none", "head"):
        path.write_bytes({"cut": raw[:-40], "none": b"", "head": b"\xff" * 8 + raw[8:]}[kind])
    tree = json.loads((tmp_path / "run" / "recognizer.json").read_text())
    (tmp_path / "run" / "recognizer.json").write_text(
        json.dumps({**tree, "weights_sha256": file_hash(path)})
    )
    refuse(["export", tmp_path / "run", tmp_path / "o.onnx"], tmp_path, capsys)


@pytest.mark.parametrize("option", [
    "--machine.devices=99", "--machine.nodes=7", "--model.sizes={channels: 5}", "--model.sizes={channels: []}", "--model.sizes={channels: [0]}", "--model.sizes={channels: [-8]}",
    "--model.sizes={channels: [99999999]}", "--model.sizes={a: 1}", "--model.backbone=nothing", "--model.pretrained=/dev/zero", "--data.vocabulary=/dev/zero", "--data.layout=nothing",
    "--data.held=nobody", "--stream=nothing", "--model.leave_out=x", "--optim.epochs=0",
])  # fmt: skip
def test_a_training_that_cannot_be_leaves_no_folder(
    tmp_path: Path, labelled: Path, option: str, capsys: Any
) -> None:
    words = ["train", "--data.train", labelled, "-o", tmp_path / "run", "--machine.tensorboard=off"]
    if option == "--data.held=nobody":
        words.append("--data.validation=subject")
    refuse([*words, option], tmp_path, capsys)


@pytest.mark.parametrize("content", [
    b"", b"PK\x03\x04", b"\x80\x02}.", b"x" * 99, pickle.dumps({"epoch": 1}), b"PK\x05\x06" + bytes(18), b"\x80\x02cos\nsystem\n.", b"{}", b"\x00" * 999, b"\x93NUMPY", None,
])  # fmt: skip
def test_a_damaged_checkpoint_is_refused(
    tmp_path: Path, labelled: Path, content: bytes | None, capsys: Any
) -> None:
    checkpoint = tmp_path / "run" / "checkpoints" / "last.ckpt"
    checkpoint.parent.mkdir(parents=True)
    if content is None:
        checkpoint.symlink_to("/dev/zero")
    else:
        checkpoint.write_bytes(content)
    words = ["train", "--data.train", labelled, "-o", tmp_path / "run", "--machine.tensorboard=off"]
    assert main([str(word) for word in words]) == 2
    assert "checkpoint" in capsys.readouterr().err
    assert not list(tmp_path.rglob("*.part-*"))
