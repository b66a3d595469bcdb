"""Reading pickles without running them.

A pickle is a program: it may name any function and call it. This reader admits arrays, numbers,
text and plain containers, and refuses every other name before anything of it runs.
"""

from __future__ import annotations

import io
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy._core import multiarray

from mgskel.core.errors import Faults, InputError

_ADMITTED = {
    ("numpy", "ndarray"): np.ndarray,
    ("numpy", "dtype"): np.dtype,
    ("collections", "OrderedDict"): dict,
    ("builtins", "set"): set,
    ("builtins", "frozenset"): frozenset,
    ("builtins", "bytearray"): bytearray,
    ("builtins", "complex"): complex,
    ("builtins", "slice"): slice,
    ("builtins", "range"): range,
}
_NUMPY_HOMES = (
    "numpy.core.multiarray",
    "numpy._core.multiarray",
    "numpy.core.numeric",
    "numpy._core.numeric",
)


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if module in _NUMPY_HOMES:
            if name in ("_reconstruct", "scalar"):
                return getattr(multiarray, name)
            if name == "_frombuffer":
                return _array_from_buffer()
        if (module, name) == ("_codecs", "encode"):
            return _bytes_from_text()
        found = _ADMITTED.get((module.replace("__builtin__", "builtins"), name))
        if found is None:
            raise pickle.UnpicklingError(f"it asks for '{module}.{name}'")
        return found

    def persistent_load(self, pid: object) -> Any:
        raise pickle.UnpicklingError("it refers to an outside object")


# Functions written in Python are made anew for each pickle, which may set their attributes.


def _array_from_buffer() -> Callable[..., np.ndarray]:
    def make(buffer: bytes, dtype: np.dtype, shape: tuple[int, ...], order: str) -> np.ndarray:
        return np.frombuffer(buffer, dtype=dtype).reshape(shape, order=order)  # type: ignore[call-overload]

    return make


def _bytes_from_text() -> Callable[..., bytes]:
    def encode(text: str, encoding: str = "latin1") -> bytes:
        """What protocol-2 pickles call to make bytes; only that."""
        if not isinstance(text, str) or encoding not in ("latin1", "latin-1"):
            raise pickle.UnpicklingError(f"bytes in encoding {encoding!r}")
        return text.encode("latin1")

    return encode


def load_pickle(path: str | Path, faults: Faults) -> Any:
    """The content of a pickle that holds nothing but arrays and plain containers."""
    try:
        with open(path, "rb") as handle:
            return _Unpickler(io.BufferedReader(handle, 1 << 20), encoding="latin1").load()
    except FileNotFoundError as error:
        raise InputError(f"file not found: {path}", remedy="check the path") from error
    except pickle.UnpicklingError as error:
        if "asks for" in str(error) or "outside object" in str(error):
            raise faults.stop(
                "pickle",
                "arrays, numbers, text, lists and dictionaries",
                f"{error}, which could run anything; nothing of it was run",
                "do not open this file with other programs unless you trust its origin; "
                "write it again with plain arrays",
            ) from error
        raise faults.stop(
            "pickle", "a complete pickle", str(error), "the file is cut off; copy it again"
        ) from error
    except Exception as error:  # a damaged pickle fails in any operation that it encodes
        raise faults.stop(
            "pickle",
            "a complete pickle of arrays and plain containers",
            f"{type(error).__name__}: {error}",
            "the file is cut off or of another kind; copy or write it again",
        ) from error


def looks_pickled(head: bytes) -> bool:
    """Whether a file's first bytes are those of a pickle (protocol 2 up, or the text one)."""
    if len(head) > 1 and head[0] == 0x80 and 2 <= head[1] <= 5:
        return True
    return head[:3] in (b"(dp", b"(lp", b"(d.", b"(l.") or head[:2] in (b"}q", b"]q")
