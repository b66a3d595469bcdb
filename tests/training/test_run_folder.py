"""A run folder that is damaged or tampered with gives a clear error, and runs nothing."""

from __future__ import annotations

import json
import pickle
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mgskel.core.errors import InputError
from mgskel.training.runs.clip_model import ClipModel


@pytest.fixture
def copy(run_folder: Path, tmp_path: Path) -> Path:
    target = tmp_path / "run"
    target.mkdir()
    for name in ("recognizer.json", "model.safetensors"):
        shutil.copy(run_folder / name, target / name)
    return target


def edit(folder: Path, **changes: Any) -> None:
    path = folder / "recognizer.json"
    tree = json.loads(path.read_text())
    for key, value in changes.items():
        if value is None:
            del tree[key]
        else:
            tree[key] = value
    path.write_text(json.dumps(tree))


def test_two_files_are_all_it_takes(copy: Path, run_folder: Path, make_set: Any) -> None:
    data = make_set(4)
    np.testing.assert_array_equal(
        ClipModel.load(copy).predict_proba(data),
        ClipModel.load(run_folder).predict_proba(data),
    )


def test_saving_a_loaded_one_keeps_its_answers(
    run_folder: Path, tmp_path: Path, make_set: Any
) -> None:
    first = ClipModel.load(run_folder, folded=False)
    first.save(tmp_path / "copy")
    second = ClipModel.load(tmp_path / "copy")
    data = make_set(4)
    np.testing.assert_allclose(first.predict_proba(data), second.predict_proba(data), atol=1e-5)
    assert second.notes["validation"]["n"] > 0


@pytest.mark.parametrize("name", ["recognizer.json", "model.safetensors"])
def test_a_missing_file_is_named(copy: Path, name: str) -> None:
    (copy / name).unlink()
    with pytest.raises(InputError, match=name):
        ClipModel.load(copy)


def test_no_folder_at_all(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no run folder"):
        ClipModel.load(tmp_path / "nothing")


def test_changed_weights_are_noticed(copy: Path) -> None:
    path = copy / "model.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(InputError, match="not the file"):
        ClipModel.load(copy)


@pytest.mark.parametrize("key", ["model", "input", "classes", "skeleton", "temperature", "schema"])
def test_a_missing_key_is_a_clear_error(copy: Path, key: str) -> None:
    edit(copy, **{key: None})
    with pytest.raises(InputError):
        ClipModel.load(copy)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("schema", 99, "another version"),
        ("model", {"backbone": "os.system", "fusion": "on"}, "unknown network"),
        ("model", {"backbone": "light", "fusion": "on", "sizes": {"hooks": 1}}, "sizes"),
        ("model", {"backbone": "light", "fusion": "off"}, "do not fit"),
        ("temperature", "warm", "does not describe"),
        ("input", {"stream": "joint"}, "missing key"),
    ],
)
def test_a_wrong_value_is_a_clear_error(copy: Path, key: str, value: Any, message: str) -> None:
    edit(copy, **{key: value})
    with pytest.raises(InputError, match=message):
        ClipModel.load(copy)


def test_a_pickle_in_place_of_the_weights_runs_nothing(copy: Path, tmp_path: Path) -> None:
    from mgskel.core.storage.files import file_hash

    witness = tmp_path / "witness"

    class Hostile:
        def __reduce__(self) -> tuple[Any, ...]:
            return (open, (str(witness), "w"))

    (copy / "model.safetensors").write_bytes(pickle.dumps(Hostile()))
    edit(copy, weights_sha256=file_hash(copy / "model.safetensors"))
    with pytest.raises(InputError):
        ClipModel.load(copy)
    assert not witness.exists()


def test_cut_off_json_names_the_line(copy: Path) -> None:
    path = copy / "recognizer.json"
    path.write_text(path.read_text()[:200])
    with pytest.raises(InputError, match="line"):
        ClipModel.load(copy)
