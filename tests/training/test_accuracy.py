from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from studies.recognition.accuracy import mean_and_spread, measure, tabulate

from mgskel.core.errors import InputError
from mgskel.core.recording import Dataset
from mgskel.formats import write


def test_streams_and_their_ensemble_on_validation_and_test(
    make_config: Any, train_file: Path, test_file: Path, tmp_path: Path
) -> None:
    config = make_config(train_file, optim__epochs=6, optim__repeat=4)
    result = measure(config, ("joint", "bone"), test_file, tmp_path)
    table = tabulate([result, result])
    assert set(table["streams"]) == {"joint", "bone"}
    for row in (*table["streams"].values(), table["ensemble"]):
        assert 0.3 < row["val_top1"] <= 1 and row["val_top1_sd"] == 0
        assert 0.3 < row["test_top1"] <= 1
    assert table["streams"]["joint"]["seconds"] > 0
    assert table["ensemble"]["test_top1"] > 0.6
    assert set(table["nested"]) == {"ensemble", "best_stream", "alike"}
    assert 0.5 < table["nested"]["ensemble"] <= 1
    assert sum(table["ensemble"]["weights"]) == pytest.approx(1, abs=1e-3)
    # The network that sees the test file learned from everything, the other did not.
    assert (tmp_path / "joint" / "whole" / "recognizer.json").is_file()
    assert (tmp_path / "joint" / "held_out" / "validation.npz").is_file()
    assert not (tmp_path / "joint" / "whole" / "validation.npz").exists()


def test_without_a_test_file_only_validation_is_measured(
    make_config: Any, train_file: Path, tmp_path: Path
) -> None:
    table = tabulate([measure(make_config(train_file), ("joint",), None, tmp_path)])
    assert "val_top1" in table["ensemble"] and "test_top1" not in table["ensemble"]
    assert not (tmp_path / "joint" / "whole").exists()
    again = tabulate([measure(make_config(train_file), ("joint",), None, tmp_path)])
    assert again == table, "what is finished is not trained again, and its seconds are kept"


def test_what_cannot_be_measured_is_refused_before_anything_is_trained(
    make_config: Any, make_set: Any, train_file: Path, tmp_path: Path
) -> None:
    out, config = tmp_path / "out", make_config(train_file)
    with pytest.raises(InputError, match="unknown stream 'bnoe'"):
        measure(config, ("joint", "bnoe"), None, out)
    data = Dataset([one.replace(label=one.label + 10) for one in make_set(24)])
    write(tmp_path / "other.npz", data)
    with pytest.raises(InputError, match="outside the classes"):
        measure(config, ("joint",), tmp_path / "other.npz", out)
    assert not out.exists()


def test_spread_is_between_seeds() -> None:
    table = mean_and_spread([{"a": 1.0}, {"a": 3.0}])
    assert table == {"a": 2.0, "a_sd": pytest.approx(2**0.5)}
    assert mean_and_spread([{"a": 1.0}])["a_sd"] == 0
