"""Weights are read only as they were written, and told where they do not fit."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from mgskel.core.errors import InputError
from mgskel.core.storage.files import file_hash
from mgskel.training.runs.model_folder import misfit, read_weights

STATE = {"a": np.arange(6, dtype=np.float32).reshape(2, 3), "n": np.array(3)}


def written(folder: Path) -> Path:
    path = folder / "model.safetensors"
    save_file(STATE, path)
    return path


def test_what_was_written_is_read(tmp_path: Path) -> None:
    path = written(tmp_path)
    state = read_weights(path, file_hash(path), "about.json")
    assert state.keys() == STATE.keys()
    for name, value in STATE.items():
        np.testing.assert_array_equal(state[name], value)


def test_a_changed_file_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path)
    vouched = file_hash(path)
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"not the file that about\.json was written for"):
        read_weights(path, vouched, "about.json")


def test_a_file_without_weights_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    path.write_bytes(b"no weights at all")
    with pytest.raises(InputError, match="holds no weights"):
        read_weights(path, file_hash(path), "about.json")


@pytest.mark.parametrize(
    ("shapes", "wrong"),
    [
        ({"a": (2, 3), "n": ()}, None),
        ({"a": (3, 2), "n": ()}, "a"),
        ({"a": (2, 3)}, "n"),
        ({"a": (2, 3), "n": (), "b": (1,)}, "b"),
    ],
)
def test_what_does_not_fit_is_named(shapes: dict[str, tuple[int, ...]], wrong: str | None) -> None:
    assert misfit(shapes, STATE) == wrong
