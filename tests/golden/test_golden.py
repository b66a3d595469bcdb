"""Frozen answers: every command gives what it gave when its file in `expected` was written.

The tests know commands and files only, no module of the package, so the inside may be rebuilt
under them. Inputs lie in `input` and are never made anew. An answer that is changed on purpose
is written by ``MGSKEL_WRITE_GOLDEN=1 pytest tests/golden -k NAME``, and the changelog says why.
"""

from __future__ import annotations

import contextlib
import io
import json
import re
import shutil
import warnings
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from golden_files import arrays, check, page_data, summary, table

from mgskel.cli import main

INPUT = Path(__file__).parent / "input"
BACKBONES = {
    "light": "{channels: [16, 32], heads: 4}",
    "gat": "{channels: [16, 32], heads: 4}",
    "stgcn": "{channels: [16, 32]}",
    "ctrgcn": "{channels: [16, 32]}",
}
# Where each format's recording lies in formats.zip; most were written as their own programs do.
FORMATS = {
    "mgskel": "own.npz",
    "bundle": "bundle.npz",
    "ntu_npz": "ntu.npz",
    "imigue_npy": "npy/val_data.npy",
    "pyskl": "a.pkl",
    "openpose": "op",
    "nw_ucla": "a05_s02_e03_v01.json",
    "mmpose": "mmpose.json",
    "coco": "coco.json",
    "mediapipe": "mediapipe.csv",
    "imigue_csv": "0007/0007_light_hand.csv",
    "smg": "Sample0036/Sample0036_skeleton.csv",
    "ntu_skeleton": "S001C002P003R002A013.skeleton",
}


@dataclass(frozen=True)
class Said:
    """What a command answered."""

    code: int
    out: str
    err: str

    @property
    def notes(self) -> list[str]:
        return [line for line in self.err.splitlines() if line.startswith("note: ")]

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()


def say(folder: Path, *words: str | Path, code: int = 0) -> Said:
    """Run a command inside a folder, so that every name in its answer is relative."""
    out, err = io.StringIO(), io.StringIO()
    with (
        contextlib.chdir(folder),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore")
        status = main([str(word) for word in words])
    said = Said(status, out.getvalue(), err.getvalue())
    assert said.code == code, said.err
    return said


def read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the inputs, to work in."""
    folder = tmp_path_factory.mktemp("golden") / "input"
    shutil.copytree(INPUT, folder)
    with zipfile.ZipFile(folder / "formats.zip") as archive:
        archive.extractall(folder / "formats")
    return folder


@pytest.mark.parametrize("name", ["talk", "hidden", "clip", "pair"])
def test_spot(place: Path, name: str) -> None:
    """A minute, hands out of sight, a tight cut, two people."""
    said = say(place, "spot", f"{name}.npz", "-o", f"{name}_events.csv")
    events = table((place / f"{name}_events.csv").read_text())
    check(f"spot/{name}", {"events": events, "notes": said.notes, "table": said.lines})


def test_spot_scored(place: Path) -> None:
    said = say(place, "spot", "talk.npz", "--reference", "talk_truth.csv", "--json")
    check("spot/talk_score", {"score": json.loads(said.out), "notes": said.notes})


@pytest.mark.parametrize(
    ("name", "events"),
    [("talk", "talk_truth.csv"), ("hidden", "none"), ("pair", "none")],
)
def test_describe(place: Path, name: str, events: str) -> None:
    """The events are given, so that a new recognizer leaves these answers as they are."""
    target = place / f"{name}_described.json"
    said = say(place, "describe", f"{name}.npz", "--events", events, "-o", target)
    short = say(place, "describe", f"{name}.npz", "--events", events, "--length", "short")
    answer = {"statements": read(target), "medium": said.lines, "short": short.lines}
    check(f"describe/{name}", answer)


@pytest.mark.parametrize(
    ("name", "statements", "scene"),
    [
        ("interview", "talk_statements.json", "scene.yaml"),
        ("meeting", "hidden_statements.json", "{root}/configs/scenes/status_meeting.yaml"),
    ],
)
def test_reason(place: Path, root: Path, name: str, statements: str, scene: str) -> None:
    target = place / f"{name}_assessment.json"
    said = say(place, "reason", statements, "--scene", scene.format(root=root), "-o", target)
    check(f"reason/{name}", {"assessment": read(target), "text": said.lines})


def test_what_would_be_sent(place: Path) -> None:
    """The request to a language model; it stands for the prompt and the evidence in it."""
    words = ["talk_statements.json", "--scene", "scene.yaml", "--dry-run"]
    model = ["--llm-url", "http://localhost:1/v1", "--llm-model", "none"]
    said = say(place, "reason", *words, *model)
    check("reason/request", json.loads(said.out))


@pytest.fixture(scope="module")
def analysed(place: Path) -> Path:
    words = ["--from", "hidden.npz", "-o", "report", "--scene", "scene.yaml", "--quiet"]
    say(place, "analyze", *words)
    return place / "report"


def test_analyze_files(analysed: Path) -> None:
    # The date alone may differ.
    elan = re.sub(r' DATE="[^"]*"', "", (analysed / "events.eaf").read_text(encoding="utf-8"))
    answer = {
        "files": sorted(path.name for path in analysed.iterdir() if path.name[0] != "."),
        "pose": arrays(analysed / "pose.npz"),
        "quality": read(analysed / "quality.json"),
        "events": table((analysed / "events.csv").read_text()),
        "elan": elan.splitlines(),
    }
    check("analyze/files", neutral(answer))


def test_analyze_statements(analysed: Path) -> None:
    check("analyze/statements", read(analysed / "statements.json"))


def test_analyze_assessment(analysed: Path) -> None:
    check("analyze/assessment", read(analysed / "assessment.json"))


def test_analyze_page(analysed: Path) -> None:
    """What the page is given; what it repeats of other files is held against those."""
    data = page_data((analysed / "report.html").read_text(encoding="utf-8"))
    assert data["statements"] == read(analysed / "statements.json")["statements"]
    assert data["outcome"] == read(analysed / "assessment.json")
    embedded = {name: (analysed / name).read_text(encoding="utf-8") for name in data["files"]}
    assert data["files"] == embedded
    data["files"] = sorted(embedded)
    check("analyze/page", neutral(without(data, "statements", "outcome")))


def without(tree: dict[str, Any], *keys: str) -> dict[str, Any]:
    return {key: value for key, value in tree.items() if key not in keys}


def neutral(tree: Any) -> Any:
    """The tree without the program's version, which every release changes."""
    version = say(Path.cwd(), "--version").out.split()[-1]
    return json.loads(json.dumps(tree).replace(version, "VERSION"))


@pytest.fixture(scope="module")
def run(request: pytest.FixtureRequest, place: Path, root: Path) -> Path:
    """A tiny network after two epochs; it has learned little, but every number is its own."""
    backbone = getattr(request, "param", "light")
    folder = place / f"run_{backbone}"
    words = ["--data.train", "train.npz", "--data.to_layout", "imigue22", "--window", "12"]
    words += ["--model.backbone", backbone, "--model.sizes", BACKBONES[backbone]]
    words += ["--optim.epochs", "2", "--optim.batch", "6", "--optim.lr", "0.02"]
    words += ["--optim.ema", "0", "--machine.accelerator", "cpu", "--machine.threads", "1"]
    words += ["--machine.tensorboard", "off", "--seed", "3"]
    say(place, "train", "-c", root / "configs" / "micro.yaml", *words, "-o", folder)
    return folder


@pytest.mark.parametrize("run", BACKBONES, indirect=True)
def test_train(place: Path, run: Path) -> None:
    metrics = table((run / "metrics.csv").read_text())
    rows = [without(row, "seconds", "cpu_seconds") for row in metrics]
    say(place, "predict", run, "--data", "test.npz", "-o", f"{run.name}.csv")
    answer = {
        "files": sorted(path.name for path in run.iterdir()),
        "metrics": rows,
        "predictions": table((place / f"{run.name}.csv").read_text()),
    }
    check(f"train/{run.name.removeprefix('run_')}", answer)


def test_evaluate(place: Path, run: Path) -> None:
    said = say(place, "evaluate", run, "--data", "test.npz", "--json")
    check("train/evaluate", json.loads(said.out))


def test_export(place: Path, run: Path) -> None:
    onnxruntime = pytest.importorskip("onnxruntime")
    say(place, "export", run, "light.onnx")
    session = onnxruntime.InferenceSession(
        str(place / "light.onnx"), providers=["CPUExecutionProvider"]
    )
    named = {one.name: one for one in session.get_inputs()}
    channels, people = named["x"].shape[1], named["x"].shape[4]
    shape = (3, 12, named["x"].shape[3], people)
    rng = np.random.default_rng(0)
    x = rng.normal(size=(3, channels, *shape[1:])).astype(np.float32)
    mask = rng.random(shape) > 0.2
    (scores,) = session.run(None, {"x": x, "mask": mask})
    properties = session.get_modelmeta().custom_metadata_map
    answer = {
        "inputs": {name: one.shape for name, one in named.items()},
        "scores": scores.tolist(),
        "classes": json.loads(properties["classes"]),
        "metadata": sorted(properties),
    }
    check("train/onnx", answer)


@pytest.mark.parametrize("name", FORMATS)
def test_convert_from(place: Path, name: str) -> None:
    """Each readable format, by what lies in the file that it becomes."""
    source = f"formats/{FORMATS[name]}"
    said = say(place, "convert", source, f"from_{name}.npz", "--json")
    content = neutral(arrays(place / f"from_{name}.npz"))
    check(f"convert/from_{name}", {"said": json.loads(said.out), "arrays": content})


@pytest.mark.parametrize(
    ("name", "out", "options"),
    [
        ("openpose", "to_openpose", ["--to", "openpose", "--to-layout", "openpose25"]),
        ("pyskl", "to_pyskl.pkl", ["--to-layout", "coco17"]),
        ("csv", "to_csv.csv", []),
        ("slower", "to_slower.npz", ["--to-layout", "upper", "--to-fps", "10"]),
    ],
)
def test_convert_to(place: Path, name: str, out: str, options: list[str]) -> None:
    """Each target is read back, since only what can be read is worth writing."""
    if "--to-layout" in options:
        options = [*options, "--allow-missing"]
    said = say(place, "convert", "clip.npz", out, *options, "--json")
    source = next((place / out).iterdir()) if (place / out).is_dir() else out
    say(place, "convert", source, f"back_{name}.npz")
    content = neutral(arrays(place / f"back_{name}.npz"))
    check(f"convert/to_{name}", {"said": json.loads(said.out), "arrays": content})


def damaged(place: Path) -> list[str]:
    """Three files with faults, each made from a good one."""
    whole = (place / "clip.npz").read_bytes()
    (place / "cut.npz").write_bytes(whole[: len(whole) // 2])
    lines = (place / "formats" / "mediapipe.csv").read_text().splitlines()
    lines[3] = ",".join([*lines[3].split(",")[:-1], "1.5"])
    lines[6] = lines[6].replace(",", ",x", 1)
    (place / "values.csv").write_text("\n".join(lines) + "\n")
    skeleton = (place / "formats" / FORMATS["ntu_skeleton"]).read_text().splitlines()
    (place / "S001C001P001R001A001.skeleton").write_text("\n".join(skeleton[:100]) + "\n")
    return ["cut.npz", "values.csv", "S001C001P001R001A001.skeleton"]


def test_validate(place: Path) -> None:
    said = say(place, "validate", *damaged(place), "clip.npz", "--json", code=2)
    check("validate/faults", {"json": json.loads(said.out), "text": said.err.splitlines()})


def test_the_comparison_sees_what_it_should() -> None:
    """A guard that never barks is none."""
    from golden_files import differences

    one = {"a": [1.0, True, "from 0:01.0 (2.2 s)"], "b": None, "n": 3}
    close = {"a": [1.0004, True, "from 0:01.1 (2.2 s)"], "b": None, "n": 3}
    assert list(differences(one, close, 1e-3)) == []
    for other in (
        {"a": [1.01, True, "from 0:01.0 (2.2 s)"], "b": None, "n": 3},
        {"a": [1.0, 1, "from 0:01.0 (2.2 s)"], "b": None, "n": 3},
        {"a": [1.0, True, "from 0:01.0 (2.5 s)"], "b": None, "n": 3},
        {"a": [1.0, True], "b": None, "n": 3},
        {"a": [1.0, True, "from 0:01.0 (2.2 s)"], "n": 3},
        {"a": [1.0, True, "from 0:01.0 (2.2 s)"], "b": None, "n": 4},
    ):
        assert list(differences(one, other, 1e-3)) != []
    forward, backward = np.arange(24.0).reshape(12, 2), np.arange(24.0).reshape(12, 2)[::-1]
    assert list(differences(summary(forward), summary(backward), 1e-3)) != []
