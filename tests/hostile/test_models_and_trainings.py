# ruff: noqa: E501
"""Model folders, weights and checkpoints that no training wrote; trainings that cannot be."""

from __future__ import annotations

import hashlib
import json
import pickle
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hostile_commands import refuse, zipped

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


TRAINING = ["train", "--machine.tensorboard=off", "--model.sizes={channels: [8]}"]


def _member(good: Path, name: str) -> bytes:
    return (good / "run" / name).read_bytes()


def _header(tree: Any, body: bytes) -> bytes:
    text = tree if isinstance(tree, bytes) else json.dumps(tree).encode()
    return len(text).to_bytes(8, "little") + text + body


HEADERS: list[dict[str, Any] | bytes] = [
    {"data_offsets": [0, 1 << 60]}, {"data_offsets": [-4, 8]}, {"data_offsets": [8, 0]}, {"data_offsets": [0, 4]}, {"shape": [1 << 40, 1 << 40]}, {"shape": [-1]},
    {"shape": "x"}, {"dtype": "BF16"}, {"dtype": "F8_E4M3"}, {"dtype": "OBJECT"}, {"dtype": [1]}, {"dtype": "BOOL"}, b"{{{{", b"[" * 100_000, b"[1]", b"{}", b'{"__metadata__": {"a": 5}}',
]  # fmt: skip


@pytest.mark.parametrize("number", range(len(HEADERS)))
def test_headers_of_weights_that_lie(tmp_path: Path, good: Path, number: int, capsys: Any) -> None:
    raw, wrong = _member(good, "model.safetensors"), HEADERS[number]
    size = int.from_bytes(raw[:8], "little")
    tree = json.loads(raw[8 : 8 + size])
    if isinstance(wrong, dict):
        name = next(key for key, value in tree.items() if value.get("dtype") == "F32")
        tree[name] |= wrong
    content = _header(tree if isinstance(wrong, dict) else wrong, raw[8 + size :])
    described = json.loads(_member(good, "recognizer.json"))
    described["weights_sha256"] = hashlib.sha256(content).hexdigest()
    zipped(("recognizer.json", json.dumps(described).encode()), ("model.safetensors", content))(
        tmp_path
    )
    refuse(["hub", tmp_path / "a.npz", "-o", tmp_path / "o.zip"], tmp_path, capsys)
    refuse(["spot", good / "pose.npz", "--model", tmp_path / "a.npz"], tmp_path, capsys)


@pytest.mark.parametrize(
    "kind",
    ["noise", "end only", "cut", "less", "deep", "nothing", "encrypted", "large", "above", "text"],
)
def test_archives_that_hold_no_run(tmp_path: Path, good: Path, kind: str, capsys: Any) -> None:
    description, weights = _member(good, "recognizer.json"), _member(good, "model.safetensors")
    members = [("recognizer.json", description), ("model.safetensors", weights)]
    members = {
        "less": members[:1], "deep": [("recognizer.json", b"[" * 200_000), members[1]], "nothing": [],
        "large": [members[0], ("model.safetensors", bytes(300 << 20))], "above": [("../" + n, c) for n, c in members],
    }.get(kind, members)  # fmt: skip
    path = zipped(*members)(tmp_path)
    content = bytearray(path.read_bytes())
    if kind == "noise":
        content[200:400] = bytes(range(200))
    if kind == "encrypted":
        for mark, flag in ((b"PK\x01\x02", 8), (b"PK\x03\x04", 6)):
            content[content.find(mark) + flag] |= 1
    whole = {"end only": b"PK\x05\x06" + b"\xff" * 18, "cut": content[:-30], "text": b"run"}
    path.write_bytes(whole.get(kind, content))
    refuse(["hub", path, "-o", tmp_path / "o"], tmp_path, capsys)
    refuse(
        [
            "train",
            "--data.train",
            good / "pose.npz",
            "-o",
            tmp_path / "o",
            "--model.pretrained",
            path,
        ],
        tmp_path,
        capsys,
    )


@pytest.fixture(scope="module")
def interrupted(tmp_path_factory: pytest.TempPathFactory, labelled: Path) -> Path:
    """A training of one epoch, which a second one may go on from."""
    out = tmp_path_factory.mktemp("interrupted") / "run"
    words = [*TRAINING, "--data.train", str(labelled), "-o", str(out), "--optim.epochs=1", "-q"]
    assert main(words) == 0
    return out


@pytest.mark.parametrize("kind", [
    "shape", "dtype", "missing", "nan", "infinite", "extra", "no tensor", "optimiser nan", "optimiser shape", "optimiser empty",
    "loops", "callbacks", "schedule", "epoch", "epoch before", "whole", "cut",
])  # fmt: skip
def test_a_checkpoint_of_another_network_is_refused(
    tmp_path: Path, labelled: Path, interrupted: Path, kind: str, capsys: Any
) -> None:
    import torch

    out = tmp_path / "run"
    shutil.copytree(interrupted, out)
    path = out / "checkpoints" / "last.ckpt"
    tree = torch.load(path, weights_only=True)
    state, known = tree["state_dict"], tree["optimizer_states"][0]["state"]
    name = next(key for key, value in state.items() if value.is_floating_point() and value.ndim > 1)
    first = next(iter(known.values()))
    wrong: dict[str, Any] = {
        "shape": torch.zeros(3, 3), "dtype": state[name].long(), "nan": state[name] * torch.nan,
        "infinite": state[name] + torch.inf, "no tensor": 5,
    }  # fmt: skip
    if kind in wrong:
        state[name] = wrong[kind]
    elif kind == "missing":
        del state[name]
    elif kind == "extra":
        state["another"] = torch.zeros(1)
    elif kind.startswith("optimiser"):
        held = next(key for key, value in first.items() if value.ndim)
        if kind.endswith("empty"):
            tree["optimizer_states"] = []
        else:
            first[held] = first[held] * torch.nan if kind.endswith("nan") else torch.zeros(2, 9)
    else:
        keys = {"schedule": "lr_schedulers", "epoch before": "epoch"}
        tree[keys.get(kind, kind)] = -5 if kind == "epoch before" else {"a": [1]}
    torch.save(tree if kind != "whole" else [tree], path)
    if kind == "cut":
        path.write_bytes(path.read_bytes()[:-500])
    words = [*TRAINING, "--data.train", labelled, "-o", out, "--optim.epochs=2", "-q"]
    assert main([str(word) for word in words]) == 2
    err = capsys.readouterr().err
    assert "the checkpoint is damaged" in err and len(err) < 2000
    assert not list(tmp_path.rglob("*.part-*"))


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
