"""YAML and command line into one frozen dataclass, with errors that name the nearest right key.

A config class is a dataclass whose fields have defaults; fields may be nested dataclasses,
numbers, strings, booleans, paths, `Literal`s, optional values, tuples, mappings from strings,
and classes that read themselves (`from_tree`, `to_tree`). A YAML file may inherit another by
``base: other.yaml``. Every key can be overridden on the command line by its dotted name:
``--optim.lr 0.05`` or ``--optim.lr=0.05``.
"""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, TypeVar

from mgskel.core.errors import InputError, nearest, shown
from mgskel.core.storage.intake import decimal_of, parse_yaml, read_yaml

Config = TypeVar("Config")
_INHERIT = "base"
_LARGEST = 1e15
_SWITCHES = {"on": True, "true": True, "yes": True, "off": False, "false": False, "no": False}


@dataclasses.dataclass(frozen=True)
class Between:
    """Bounds of a number, both included: ``Annotated[int, Between(1, 100)]``."""

    low: float
    high: float

    def __contains__(self, value: float) -> bool:
        return self.low <= value <= self.high

    def __str__(self) -> str:
        return f"{self.low:g} to {self.high:g}"


_UNBOUNDED = Between(0, 1e6)


def check_bounds(config: Any, path: tuple[str, ...] = ()) -> None:
    """Refuse a config whose numbers lie beyond the bounds of their types, however it was made.

    What has no bounds of its own is no less than 0 and no more than a million.
    """
    hints = typing.get_type_hints(type(config), include_extras=True)
    for field in dataclasses.fields(config):
        value, name = getattr(config, field.name), (*path, field.name)
        if dataclasses.is_dataclass(value):
            check_bounds(value, name)
        elif typing.get_origin(hints[field.name]) is Annotated:
            _build(hints[field.name], value, name, "config")
        elif isinstance(value, int | float) and value not in _UNBOUNDED:
            raise _wrong(str(_UNBOUNDED), value, name, "config")


def load_config(
    kind: type[Config], path: str | Path | None = None, overrides: Sequence[str] = ()
) -> Config:
    """A `kind` from its defaults, then the YAML file, then ``--key value`` overrides."""
    tree = _merge(_nested(kind), _given(path, overrides))
    config = from_dict(kind, tree, place=str(path) if path is not None else "command line")
    check_bounds(config)
    return config


def load_section(
    kind: type[Config], name: str, path: str | Path | None = None, overrides: Sequence[str] = ()
) -> Config:
    """One section alone, before it is known of which kind the whole config is."""
    section = _given(path, overrides).get(name, {})
    return from_dict(kind, section, str(path) if path is not None else "command line", (name,))


def _given(path: str | Path | None, overrides: Sequence[str]) -> dict[str, Any]:
    """What file and command line say."""
    tree = read_yaml_config(packaged(path)) if path is not None else {}
    for key, value in _parse_overrides(overrides):
        _set_dotted(tree, key, value)
    return tree


def packaged(path: str | Path) -> Path:
    """A file as named; one of ``configs/`` from anywhere, since these come with the package."""
    given = Path(path)
    within = Path(__file__).parents[1] / given
    return within if given.parts[:1] == ("configs",) and not given.exists() else given


def _nested(kind: type) -> dict[str, Any]:
    """Nested configs that a kind has by default, whose keys need not be their classes' defaults."""
    tree = {}
    for field in dataclasses.fields(kind):
        made = field.default_factory
        default = field.default if made is dataclasses.MISSING else made()
        if dataclasses.is_dataclass(default) and not hasattr(default, "to_tree"):
            tree[field.name] = to_dict(default)
    return tree


def from_dict(
    kind: type[Config], tree: Mapping[str, Any], place: str = "config", path: tuple[str, ...] = ()
) -> Config:
    """A `kind` from plain values; wrong keys and values are refused by name (below `path`)."""
    return typing.cast(Config, _build(kind, tree, path, place))


def to_dict(config: Any) -> Any:
    """Plain values (for YAML and JSON) of a config."""
    if hasattr(config, "to_tree"):
        return config.to_tree()
    if dataclasses.is_dataclass(config) and not isinstance(config, type):
        return {f.name: to_dict(getattr(config, f.name)) for f in dataclasses.fields(config)}
    if isinstance(config, Mapping):
        return {str(key): to_dict(value) for key, value in config.items()}
    if isinstance(config, (tuple, list)):
        return [to_dict(value) for value in config]
    return str(config) if isinstance(config, Path) else config


def read_yaml_config(path: Path, seen: tuple[Path, ...] = ()) -> dict[str, Any]:
    """A YAML mapping with its ``base`` files merged beneath it."""
    if path.resolve() in seen:
        raise InputError("config files inherit each other in a circle", place=path)
    tree = read_yaml(path)
    tree = {} if tree is None else tree
    if not isinstance(tree, dict):
        raise InputError(
            "a config file holds keys and values",
            place=path,
            expected="a mapping",
            found=type(tree).__name__,
        )
    bases = tree.pop(_INHERIT, [])
    merged: dict[str, Any] = {}
    bases = [bases] if isinstance(bases, str) else bases
    if not isinstance(bases, list) or not all(isinstance(base, str) for base in bases):
        raise _wrong("the path of a config file, or a list of such", bases, (_INHERIT,), str(path))
    for base in bases:
        merged = _merge(merged, read_yaml_config(path.parent / base, (*seen, path.resolve())))
    return _merge(merged, tree)


def _merge(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(below)
    for key, value in above.items():
        old = merged.get(key)
        both = isinstance(old, Mapping) and isinstance(value, Mapping)
        merged[key] = _merge(old, value) if both else value  # type: ignore[arg-type]
    return merged


def _parse_overrides(words: Sequence[str]) -> list[tuple[str, Any]]:
    pairs: list[tuple[str, Any]] = []
    rest = list(words)
    while rest:
        word = rest.pop(0)
        if not word.startswith("--") or len(word) < 3:
            raise InputError(
                f"unexpected argument '{word}'", expected="--key value or --key=value", found=word
            )
        key, equals, text = word[2:].partition("=")
        if not equals:
            if not rest:
                raise InputError(
                    f"--{key} is no option by itself, and as a setting it has no value",
                    expected=f"--{key} VALUE",
                    remedy="--help shows options and settings",
                )
            text = rest.pop(0)
        try:
            pairs.append((key, parse_yaml(text, f"--{key}")))
        except InputError:
            pairs.append((key, text))
    return pairs


def _set_dotted(tree: dict[str, Any], key: str, value: Any) -> None:
    *parents, last = key.split(".")
    for parent in parents:
        if not isinstance(tree.get(parent), dict):
            tree[parent] = {}
        tree = tree[parent]
    tree[last] = value


def _build(kind: Any, value: Any, path: tuple[str, ...], place: str) -> Any:
    if hasattr(kind, "from_tree"):
        return value if isinstance(value, kind) else kind.from_tree(value, path, place)
    if dataclasses.is_dataclass(kind):
        return _build_dataclass(kind, value, path, place)
    origin = typing.get_origin(kind)
    arguments = typing.get_args(kind)
    if origin is Annotated:
        built = _build(arguments[0], value, path, place)
        for bounds in arguments[1:]:
            if built is not None and isinstance(bounds, Between) and built not in bounds:
                raise _wrong(str(bounds), value, path, place)
        return built
    if kind is Any:
        return value
    if origin in (typing.Union, types.UnionType):
        return _build_union(arguments, value, path, place)
    if origin is typing.Literal:
        return _build_literal(arguments, value, path, place)
    if origin in (tuple, Sequence):
        return _build_tuple(arguments, value, path, place)
    if origin in (dict, Mapping):
        if not isinstance(value, Mapping):
            raise _wrong("a mapping", value, path, place)
        return {
            str(key): _build(arguments[1], item, (*path, str(key)), place)
            for key, item in value.items()
        }
    return _build_scalar(kind, value, path, place)


def _build_dataclass(kind: Any, value: Any, path: tuple[str, ...], place: str) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return value
    if not isinstance(value, Mapping):
        raise _wrong("a mapping of keys", value, path, place)
    hints = typing.get_type_hints(kind, include_extras=True)
    names = [f.name for f in dataclasses.fields(kind) if f.init]
    for key in value:
        if key not in names:
            raise _unknown_key(str(key), names, path, place)
    required = {
        f.name
        for f in dataclasses.fields(kind)
        if f.default is dataclasses.MISSING and f.default_factory is dataclasses.MISSING
    }
    if missing := sorted(required - set(value)):
        raise InputError(
            f"missing key: {', '.join('.'.join((*path, m)) for m in missing)}", place=place
        )
    return kind(**{k: _build(hints[k], v, (*path, str(k)), place) for k, v in value.items()})


def _build_union(kinds: tuple[Any, ...], value: Any, path: tuple[str, ...], place: str) -> Any:
    if value is None and type(None) in kinds:
        return None
    failure: InputError | None = None
    for kind in kinds:
        if kind is type(None):
            continue
        try:
            return _build(kind, value, path, place)
        except InputError as error:
            failure = failure or error
    assert failure is not None
    raise failure


def _build_literal(choices: tuple[Any, ...], value: Any, path: tuple[str, ...], place: str) -> Any:
    # YAML reads a bare on/off as true/false; a switch written in words means the word.
    if isinstance(value, bool) and value not in choices:
        value = "on" if value else "off"
    for choice in choices:
        if choice == value and isinstance(choice, bool) == isinstance(value, bool):
            return choice
    guess = nearest(shown(value), map(str, choices))
    raise InputError(
        f"wrong value for '{'.'.join(path)}'",
        place=place,
        expected="one of " + ", ".join(map(str, choices)),
        found=shown(value),
        remedy=f"did you mean '{guess}'?" if guess else None,
    )


def _build_tuple(kinds: tuple[Any, ...], value: Any, path: tuple[str, ...], place: str) -> Any:
    if isinstance(value, str):
        value = [part.strip() for part in value.split(",") if part.strip()]
    if not isinstance(value, (list, tuple)):
        value = [value]
    if len(kinds) == 2 and kinds[1] is Ellipsis or len(kinds) == 1:
        kinds = (kinds[0],) * len(value)
    if len(kinds) != len(value):
        raise _wrong(f"{len(kinds)} values", value, path, place)
    return tuple(
        _build(kind, item, (*path, str(i)), place)
        for i, (kind, item) in enumerate(zip(kinds, value, strict=True))
    )


def _build_scalar(kind: Any, value: Any, path: tuple[str, ...], place: str) -> Any:
    if kind is bool:
        if isinstance(value, str) and value.lower() in _SWITCHES:
            return _SWITCHES[value.lower()]
        if isinstance(value, bool):
            return value
        raise _wrong("on or off", value, path, place)
    if kind in (int, float):
        return _build_number(kind, value, path, place)
    if kind is Path and isinstance(value, (str, Path)) and "\0" not in str(value):
        return Path(value)
    if kind is str and isinstance(value, (str, int, float)) and not isinstance(value, bool):
        return str(value)
    if isinstance(kind, type) and isinstance(value, kind):
        return value
    raise _wrong(getattr(kind, "__name__", str(kind)), value, path, place)


def _build_number(kind: type, value: Any, path: tuple[str, ...], place: str) -> Any:
    # PyYAML reads 1e-4 (no dot) as text.
    number = value
    if isinstance(value, str):
        try:
            number = decimal_of(value)
        except ValueError:
            raise _wrong("a number", value, path, place) from None
    if isinstance(number, bool) or not isinstance(number, (int, float)):
        raise _wrong("a number", value, path, place)
    if not -_LARGEST <= number <= _LARGEST:
        raise _wrong("a number that a computer can hold", value, path, place)
    if kind is int and number != int(number):
        raise _wrong("a whole number", value, path, place)
    return kind(number)


def _wrong(expected: str, value: Any, path: tuple[str, ...], place: str) -> InputError:
    return InputError(
        f"wrong value for '{'.'.join(path)}'", place=place, expected=expected, found=shown(value)
    )


def _unknown_key(key: str, names: list[str], path: tuple[str, ...], place: str) -> InputError:
    guess = nearest(key, names)
    dotted = ".".join((*path, key))
    return InputError(
        f"unknown key '{dotted}'",
        place=place,
        expected="one of " + ", ".join(names),
        found=repr(key),
        remedy=f"did you mean '{'.'.join((*path, guess))}'?" if guess else None,
    )
