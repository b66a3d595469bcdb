from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from mgskel.core.errors import InputError
from mgskel.core.registry import Registry, load_file

COLOURS = "from colour_room import COLOURS\n"


@pytest.fixture
def colours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Registry[int]]:
    """A registry whose package has two modules, and another installed package that adds one."""
    room = tmp_path / "colour_room"
    room.mkdir()
    (room / "__init__.py").write_text(
        "from mgskel.core.registry import Registry\n"
        "COLOURS = Registry('colour', 'colour_room', 'tests.colours')\n"
    )
    (room / "red.py").write_text(COLOURS + "COLOURS.register('red', 1)\n")
    (room / "blue.py").write_text(COLOURS + "COLOURS.register('blue', 2)\n")
    (tmp_path / "paint_shop.py").write_text(COLOURS + "COLOURS.register('teal', 3)\n")
    shop = tmp_path / "paint_shop-1.0.dist-info"
    shop.mkdir()
    (shop / "METADATA").write_text("Metadata-Version: 2.1\nName: paint-shop\nVersion: 1.0\n")
    (shop / "entry_points.txt").write_text(
        "[tests.colours]\nteal = paint_shop\nbroken = no_such_module\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    before = set(sys.modules)
    yield __import__("colour_room").COLOURS
    for name in set(sys.modules) - before:
        del sys.modules[name]


@pytest.mark.filterwarnings("ignore:the colour")
def test_modules_and_entry_points_are_found_by_themselves(colours: Registry[int]) -> None:
    assert colours.names() == ("blue", "red", "teal")
    assert list(colours) == [2, 1, 3]
    assert colours.get("teal") == 3
    assert "red" in colours and "green" not in colours


def test_a_broken_package_of_others_is_left_out_with_a_warning(colours: Registry[int]) -> None:
    with pytest.warns(UserWarning, match="'broken'.*no_such_module"):
        assert len(colours) == 3


@pytest.mark.filterwarnings("ignore:the colour")
def test_an_unknown_name_is_answered_with_the_nearest(colours: Registry[int]) -> None:
    with pytest.raises(InputError, match="unknown colour 'blu'") as caught:
        colours.get("blu")
    assert caught.value.remedy == "did you mean 'blue'?"


def test_a_taken_name_is_refused_but_a_definition_may_run_again() -> None:
    registry: Registry[type] = Registry("thing", "mgskel.core.layouts", "tests.none")
    for _ in range(2):  # as a notebook's cell does

        class Thing:
            pass

        registry.register("thing", Thing)
    with pytest.raises(InputError, match="two of the kind 'thing' are called 'thing'"):
        registry.register("thing", int)


@pytest.mark.filterwarnings("ignore:the colour")
def test_a_file_of_ones_own_registers_what_it_defines(
    colours: Registry[int], tmp_path: Path
) -> None:
    file = tmp_path / "mine" / "plum.py"
    file.parent.mkdir()
    file.write_text(COLOURS + "COLOURS.register('plum', 4)\n")
    load_file(file)
    assert colours.get("plum") == 4


def test_a_part_is_named_with_its_file(tmp_path: Path) -> None:
    registry: Registry[type] = Registry("thing", "mgskel.core.layouts", "tests.none")
    sys.modules["registry_of_things"] = SimpleNamespace(THINGS=registry)
    file = tmp_path / "mine.py"
    file.write_text(
        "from registry_of_things import THINGS\nclass Own: ...\nTHINGS.register('own', Own)\n"
    )
    assert registry.get(f"{file}:own") is registry.get(f"{file}:Own") is registry.get("own")
    with pytest.raises(InputError, match="unknown thing 'ow'"):
        registry.get(f"{file}:ow")
    del sys.modules["registry_of_things"]


@pytest.mark.parametrize("content", [None, "1 / 0\n"])
def test_a_file_that_cannot_be_run_is_named(tmp_path: Path, content: str | None) -> None:
    file = tmp_path / "bad.py"
    if content:
        file.write_text(content)
    with pytest.raises(InputError) as caught:
        load_file(file)
    assert "bad.py" in str(caught.value)
