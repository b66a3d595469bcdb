"""``.npz`` archives: arrays only, never pickles; what cannot be read is a fault, no traceback."""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from mgskel.core.errors import Faults, InputError
from mgskel.core.files import writing

# What reading a damaged archive raises, besides ValueError.
_DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    OSError,
    KeyError,
    SyntaxError,
    MemoryError,
    NotImplementedError,
)


@contextmanager
def open_npz(path: str | Path, faults: Faults) -> Iterator[NpzArrays]:
    """The arrays of an archive; what can't be read becomes a fault of `faults`."""
    try:
        with np.load(path, allow_pickle=False) as archive:
            yield NpzArrays(archive, faults)
    except FileNotFoundError as error:
        raise InputError(f"file not found: {path}", remedy="check the path") from error
    except (*_DAMAGED, ValueError, TypeError, AttributeError) as error:
        raise faults.stop(
            "file",
            "a complete npz archive of arrays",
            f"{type(error).__name__}: {error}",
            "the file is cut off or of another kind; copy or write it again",
        ) from error


class NpzArrays:
    """Arrays of an open archive by key."""

    def __init__(self, archive: np.lib.npyio.NpzFile, faults: Faults) -> None:
        self._archive = archive
        self._faults = faults
        self.keys = tuple(archive.files)

    def __contains__(self, key: str) -> bool:
        return key in self.keys

    def require(self, *keys: str) -> None:
        """Refuse an archive that lacks one of the keys."""
        missing = [key for key in keys if key not in self.keys]
        if missing:
            raise self._faults.stop(
                "keys",
                "arrays " + ", ".join(keys),
                ", ".join(self.keys) or "an empty archive",
                f"add {', '.join(missing)}",
            )

    def get(self, key: str) -> np.ndarray | None:
        """One array, or none; a damaged or pickled one is a fault."""
        if key not in self.keys:
            return None
        try:
            return self._archive[key]
        except ValueError as error:
            pickled = "pickle" in str(error).lower()
            raise self._faults.stop(
                f"array '{key}'",
                "plain numbers or text",
                "a pickled object array" if pickled else str(error),
                "save it as numbers or text; pickles are never executed"
                if pickled
                else "the file is cut off; copy or write it again",
            ) from error
        except _DAMAGED as error:
            raise self._faults.stop(
                f"array '{key}'",
                "a complete array",
                str(error),
                "the file is cut off; copy or write it again",
            ) from error

    def __getitem__(self, key: str) -> np.ndarray:
        self.require(key)
        array = self.get(key)
        assert array is not None
        return array


def write_npz(path: str | Path, **arrays: Any) -> None:
    """Write arrays, compressed; those that are none are left out."""
    present = {key: np.asarray(array) for key, array in arrays.items() if array is not None}
    with writing(path) as temporary, open(temporary, "wb") as handle:
        np.savez_compressed(handle, **present)  # type: ignore[arg-type]
