"""What is learned from: what a config leaves out is neither learned from nor judged by."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mgskel.core.errors import InputError
from mgskel.training.sets import TrainingData, load_training_data


def names(data: TrainingData) -> set[str]:
    assert data.validation is not None
    return {*map(str, data.train.names), *map(str, data.validation.names)}


def test_what_is_left_out_is_in_neither_part(
    train_file: Path, make_config: Callable[..., Any]
) -> None:
    config = make_config(train_file)
    whole = load_training_data(config.data)
    held = str(whole.validation.names[0])  # type: ignore[union-attr]
    chosen = (str(whole.train.names[0]), held)
    fewer = load_training_data(replace(config.data, leave_out=chosen))
    assert names(fewer) == names(whole) - set(chosen)
    assert fewer.classes.names == whole.classes.names


def test_names_of_sequences_that_are_not_there_are_told(
    train_file: Path, make_config: Callable[..., Any]
) -> None:
    config = make_config(train_file)
    with pytest.warns(UserWarning, match="1 of 2 sequences .* not in the files: nobody"):
        load_training_data(replace(config.data, leave_out=("v0_0", "nobody")))
    everything = tuple(names(load_training_data(config.data)))
    with pytest.raises(InputError, match="leaves nothing"):
        load_training_data(replace(config.data, leave_out=everything))
