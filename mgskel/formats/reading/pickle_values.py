"""What a pickle may make: arrays of plain numbers and text, by the few functions that mean them.

Nothing that a pickle names is looked up; a name gives something only where it is called in one of
the ways written down here.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from mgskel.core.errors import shown
from mgskel.core.storage.npz import array_of, plain_dtype

_NUMPY = ("numpy.core.multiarray", "numpy._core.multiarray", "numpy.core.numeric",
          "numpy._core.numeric", "numpy")  # fmt: skip
NAMES = {
    "ndarray": _NUMPY, "dtype": _NUMPY, "_reconstruct": _NUMPY, "scalar": _NUMPY,
    "_frombuffer": _NUMPY, "OrderedDict": ("collections",), "set": ("builtins", "__builtin__"),
    "frozenset": ("builtins", "__builtin__"), "bytearray": ("builtins", "__builtin__"),
    "bytes": ("builtins", "__builtin__"), "encode": ("_codecs",),
}  # fmt: skip


class Refused(Exception):
    """The pickle asks for something that could run code."""


class Damaged(Exception):
    """The pickle is no complete pickle of plain data."""


class Name:
    """A function that a pickle names; only calling it here gives something."""

    __match_args__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name


class Dtype:
    """A plain dtype, whose byte order comes after it."""

    def __init__(self, kind: object) -> None:
        self.kind = kind
        self.made = plain_dtype(kind)

    def set_order(self, state: object) -> None:
        plain = isinstance(state, tuple) and len(state) >= 5 and not any(state[2:5])
        if not plain or state[1] not in ("<", ">", "|", "="):  # type: ignore[index]
            raise Damaged("an array of records, where plain numbers or text are wanted")
        self.made = plain_dtype(f"{state[1]}{str(self.kind).lstrip('<>|=')}")  # type: ignore[index]


class Array:
    """An array whose content comes after it."""

    made: np.ndarray | None = None


def keys_of(values: list[Any]) -> list[Any]:
    """Values that may be looked up by: text and common numbers, whose hashes do not collide."""
    for value in values:
        common = type(value) is int or isinstance(value, np.integer)
        if type(value) not in (str, bytes, bool) and not (common and abs(int(value)) < 1 << 60):
            raise Damaged(f"{shown(value)} as a key")
    return values


def called(name: str, arguments: tuple[Any, ...]) -> Any:
    """What one of the known functions gives."""
    match name, arguments:
        case "_reconstruct", (Name(name="ndarray"), tuple(), bytes() | str()):
            return Array()
        case "dtype", (kind, *_):
            return Dtype(kind)
        case "scalar", (dtype, content):
            return array_from(content, dtype, (), False)[()]
        case "_frombuffer", (content, dtype, shape, order):
            return array_from(content, dtype, shape, order == "F")
        case "OrderedDict", ():
            return {}
        case "OrderedDict", (list(pairs),) if all(
            isinstance(pair, list | tuple) and len(pair) == 2 for pair in pairs
        ):
            return dict(zip(keys_of([key for key, _ in pairs]), [v for _, v in pairs], strict=True))
        case "set" | "frozenset", (list(members),):
            return set(keys_of(members))
        case "encode" | "bytearray", (str(text), "latin1" | "latin-1"):
            return text.encode("latin1")
        case "bytearray" | "encode", (bytes(content),):
            return content
        case "bytearray" | "bytes", ():
            return b""
    raise Damaged(f"'{name}' used in another way than for arrays and text")


def array_from(content: object, dtype: object, shape: object, fortran: bool) -> np.ndarray:
    content = content.encode("latin1") if isinstance(content, str) else content
    if not isinstance(dtype, Dtype) or not isinstance(content, bytes):
        raise Damaged("an array of objects, where plain numbers or text are wanted")
    return array_of(content, dtype.made, shape, fortran)
