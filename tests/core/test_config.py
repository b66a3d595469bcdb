"""Configs: defaults, file, command line; wrong keys and values answered with the right ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import pytest

from mgskel.core.config import load_config, to_dict
from mgskel.core.errors import InputError


@dataclass(frozen=True)
class Optim:
    lr: float = 0.1
    steps: tuple[int, ...] = (10, 20)
    clip: float | None = None


@dataclass(frozen=True)
class Example:
    name: str = "x"
    epochs: int = 5
    fusion: Literal["on", "off"] = "on"
    verbose: bool = False
    data: Path | None = None
    optim: Optim = field(default_factory=Optim)
    sizes: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Recipe:
    example: Example = Example("recipe", optim=Optim(lr=0.7, clip=3.0), sizes={"wide": 1})


def write(path, text):
    path.write_text(text)
    return path


def test_defaults_then_file_then_command_line(tmp_path):
    path = write(tmp_path / "a.yaml", "epochs: 7\noptim: {lr: 1e-3}\nfusion: off\n")
    config = load_config(Example, path, ["--epochs", "9", "--optim.steps=1,2,3"])
    assert config == Example(epochs=9, fusion="off", optim=Optim(lr=1e-3, steps=(1, 2, 3)))


def test_one_nested_key_leaves_its_siblings_as_the_recipe_has_them():
    config = load_config(Recipe, None, ["--example.optim.clip", "2", "--example.sizes.deep", "4"])
    assert config.example == Example(
        "recipe", optim=Optim(lr=0.7, clip=2.0), sizes={"wide": 1, "deep": 4}
    )


def test_files_inherit(tmp_path):
    write(tmp_path / "base.yaml", "epochs: 7\noptim: {lr: 0.5, clip: 1}\n")
    path = write(tmp_path / "a.yaml", "base: base.yaml\noptim: {lr: 0.2}\n")
    assert load_config(Example, path) == Example(epochs=7, optim=Optim(lr=0.2, clip=1.0))


def test_plain_values_build_the_same_config(tmp_path):
    config = Example(data=Path("x"), sizes={"a": 1})
    path = tmp_path / "a.yaml"
    import yaml

    path.write_text(yaml.safe_dump(to_dict(config)))
    assert load_config(Example, path) == config


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        (["--epoch", "3"], "did you mean 'epochs'"),
        (["--optim.lrr", "3"], "did you mean 'optim.lr'"),
        (["--fusion", "onn"], "did you mean 'on'"),
        (["--epochs", "three"], "a number"),
        (["--epochs", "2.5"], "whole number"),
        (["--verbose", "maybe"], "on or off"),
        (["--optim", "3"], "mapping of keys"),
        (["--sizes", "3"], "mapping"),
        (["--epochs"], "it has no value"),
        (["epochs", "3"], "unexpected argument"),
        (["--name", "[1]"], "wrong value for 'name'"),
    ],
)
def test_wrong_overrides_are_refused(overrides, said):
    with pytest.raises(InputError, match=said):
        load_config(Example, None, overrides)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("epochs: [", "not valid YAML"),
        ("- 1\n", "keys and values"),
        ("base: a.yaml", "circle"),
        ("base: none.yaml", "not found"),
        ("epoch: 3", "epochs"),
    ],
)
def test_wrong_files_are_refused(tmp_path, text, said):
    path = write(tmp_path / "a.yaml", text)
    with pytest.raises(InputError, match=said):
        load_config(Example, path)


@pytest.mark.parametrize(("word", "value"), [("on", "on"), ("off", "off"), ("true", "on")])
def test_switches_survive_yaml(word, value):
    assert load_config(Example, None, ["--fusion", word]).fusion == value
