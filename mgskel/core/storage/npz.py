"""``.npz`` archives: arrays only, never pickles; what cannot be read is a fault, no traceback.

A member is believed only as far as its bytes go: its header, the size that it declares and the
shape must agree, and all arrays together stay within the memory that the file's size justifies.
"""

from __future__ import annotations

import ast
import math
import os
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Literal

import numpy as np

from mgskel.core.errors import Faults, listed, shown
from mgskel.core.storage.files import writing
from mgskel.core.storage.intake import memory_for, open_file

_MAGIC = b"\x93NUMPY"
_PLAIN = re.compile(r"[<>|=]?[?biufcSU]\d{0,9}")
_MOST_MEMBERS = 1000
_LONGEST_HEADER = 4096
_BEST_RATIO = 1032  # no deflated byte can stand for more
_CHUNK = 1 << 20
# What reading a damaged archive raises.
DAMAGED_ZIP = (
    zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError, KeyError, ValueError,
    NotImplementedError, RuntimeError, OverflowError, IndexError,
)  # fmt: skip
_CUT_OFF = "the file is cut off or of another kind; copy or write it again"


@contextmanager
def open_zip(path: str | Path, faults: Faults) -> Iterator[zipfile.ZipFile]:
    """A zip archive of a bearable number of members; what can't be read is a fault."""
    with open_file(path) as handle:
        try:
            archive = zipfile.ZipFile(handle)
        except DAMAGED_ZIP as error:
            raise faults.stop(
                "file", "a complete npz archive of arrays", f"{type(error).__name__}: {error}",
                _CUT_OFF,
            ) from error  # fmt: skip
        count = len(archive.infolist())
        if count > _MOST_MEMBERS:
            raise faults.stop(
                "file", f"an archive of at most {_MOST_MEMBERS} arrays", f"{count} members",
                "write the arrays of a recording only",
            )  # fmt: skip
        with archive:
            yield archive


@contextmanager
def open_npz(path: str | Path, faults: Faults) -> Iterator[NpzArrays]:
    """The arrays of an archive; what can't be read becomes a fault of `faults`."""
    with open_zip(path, faults) as archive:
        yield NpzArrays(archive, os.stat(path).st_size, faults)


def contents_key(path: str | Path, faults: Faults) -> str:
    """What tells an archive's content from another one's, without reading its arrays."""
    with open_zip(path, faults) as archive:
        return " ".join(f"{info.filename}:{info.CRC:08x}" for info in archive.infolist())


class NpzArrays:
    """Arrays of an open archive by key."""

    def __init__(self, archive: zipfile.ZipFile, size: int, faults: Faults) -> None:
        self._archive = archive
        self._faults = faults
        self._size = size
        self._left = memory_for(size)
        self._members = {info.filename.removesuffix(".npy"): info for info in archive.infolist()}
        self.keys = tuple(self._members)

    def __contains__(self, key: str) -> bool:
        return key in self._members

    def require(self, *keys: str) -> None:
        """Refuse an archive that lacks one of the keys."""
        missing = [key for key in keys if key not in self._members]
        if missing:
            raise self._faults.stop(
                "keys",
                "arrays " + ", ".join(keys),
                listed(self.keys) or "an empty archive",
                f"add {', '.join(missing)}",
            )

    def get(self, key: str) -> np.ndarray | None:
        """One array, or none; a damaged or pickled one is a fault."""
        if key not in self._members:
            return None
        try:
            return self._read(key, self._members[key])
        except DAMAGED_ZIP as error:
            raise self._fault(key, "a complete array", str(error), _CUT_OFF) from error

    def _fault(self, key: str, expected: str, found: str, remedy: str) -> Exception:
        return self._faults.stop(f"array '{key}'", expected, found, remedy)

    def _read(self, key: str, info: zipfile.ZipInfo) -> np.ndarray:
        if info.flag_bits & 1:
            raise self._fault(key, "plain numbers or text", "an encrypted member", "decrypt it")
        ratio = _BEST_RATIO if info.compress_type == zipfile.ZIP_DEFLATED else 1
        if (
            info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
            or info.compress_size > self._size
            or info.file_size > ratio * info.compress_size + _LONGEST_HEADER
        ):
            raise ValueError("its sizes cannot be true")
        with self._archive.open(info) as stream:
            dtype, fortran, shape, used = read_npy_header(stream)
            if dtype is None:
                raise self._fault(
                    key, "plain numbers or text", "a pickled object array or a record",
                    "save it as numbers or text; pickles are never executed",
                )  # fmt: skip
            size = math.prod(shape) * dtype.itemsize
            if size != info.file_size - used:
                raise ValueError(f"shape {shape} of {dtype} in {info.file_size - used} bytes")
            if size > self._left:
                raise self._fault(
                    key,
                    f"at most {memory_for(self._size) >> 20} MB of arrays in a file of "
                    f"{self._size} bytes",
                    f"{size >> 20} MB, shape {shape}",
                    "such a file is made to fill the memory; write the recording again",
                )
            self._left -= size
            content, at = bytearray(size), 0
            while part := stream.read(_CHUNK):
                content[at : at + len(part)] = part
                at += len(part)
            if at != size:
                raise EOFError(f"{at} of {size} bytes")
            return array_of(content, dtype, shape, fortran)

    def __getitem__(self, key: str) -> np.ndarray:
        self.require(key)
        array = self.get(key)
        assert array is not None
        return array


def read_npy_header(stream: IO[bytes]) -> tuple[np.dtype | None, bool, tuple[int, ...], int]:
    """Dtype (none where it is not plain), Fortran order, shape, and length of a npy header."""
    start = stream.read(12)
    if start[:6] != _MAGIC or len(start) < 12:
        raise ValueError("no array begins there")
    wide = start[6] > 1
    size = int.from_bytes(start[8:12] if wide else start[8:10], "little")
    if not 1 <= start[6] <= 3 or size > _LONGEST_HEADER:
        raise ValueError("an impossible header")
    text = b"" if wide else start[10:]
    text += stream.read(size - len(text))
    if len(text) < size:
        raise ValueError("the header is cut off")
    try:
        header = ast.literal_eval(re.sub(r"(\d)L\b", r"\1", text.decode("latin1")).strip())
        descr, fortran, shape = (header[key] for key in ("descr", "fortran_order", "shape"))
    except (ValueError, SyntaxError, MemoryError, RecursionError, TypeError, KeyError) as error:
        raise ValueError("a header that says nothing") from error
    try:
        dtype = plain_dtype(descr)
    except ValueError:
        dtype = None
    _check_shape(shape)
    return dtype, bool(fortran), shape, size + (12 if wide else 10)


def plain_dtype(text: object) -> np.dtype:
    """The dtype of plain numbers or text that a file names."""
    if isinstance(text, str) and _PLAIN.fullmatch(text):
        try:
            dtype = np.dtype(text)
        except TypeError:
            dtype = np.dtype(object)
        if dtype.kind in "?biufcSU" and dtype.itemsize:
            return dtype
    raise ValueError(f"an array of {shown(text)}, where plain numbers or text are wanted")


def _check_shape(shape: object) -> tuple[int, ...]:
    if isinstance(shape, tuple) and len(shape) <= 32:
        if all(type(n) is int and 0 <= n < 1 << 62 for n in shape):
            return shape
    raise ValueError("an impossible shape")


def array_of(
    content: bytes | bytearray, dtype: np.dtype, shape: object, fortran: bool
) -> np.ndarray:
    """An array of just these bytes."""
    sizes = _check_shape(shape)
    if math.prod(sizes) * dtype.itemsize != len(content):
        raise ValueError(f"shape {shape} of {dtype} in {len(content)} bytes")
    flat = np.frombuffer(content, dtype) if content else np.empty(0, dtype)
    if dtype.kind == "U":
        letters = flat.view(np.dtype(np.uint32).newbyteorder(dtype.byteorder))
        if (letters > 0x10FFFF).any() or ((letters >= 0xD800) & (letters < 0xE000)).any():
            raise ValueError("text with letters that there are not")
    return flat.reshape(sizes, order="F" if fortran else "C")


def map_npy(path: str | Path, faults: Faults) -> np.ndarray:
    """The array of an ``.npy`` file, its values read when they are looked at."""
    try:
        with open_file(path) as handle:
            dtype, fortran, shape, used = read_npy_header(handle)
            size = os.fstat(handle.fileno()).st_size - used
            if dtype is None or math.prod(shape) * dtype.itemsize != size or not size:
                raise ValueError(f"shape {shape} of {dtype or 'objects'} in {size} bytes")
        order: Literal["F", "C"] = "F" if fortran else "C"
        return np.memmap(path, dtype, "r", used, shape, order)
    except DAMAGED_ZIP as error:
        raise faults.stop("file", "a complete array of numbers", str(error), _CUT_OFF) from error


def write_npz(path: str | Path, **arrays: Any) -> None:
    """Write arrays, compressed; those that are none are left out."""
    present = {key: np.asarray(array) for key, array in arrays.items() if array is not None}
    with writing(path) as temporary, open(temporary, "wb") as handle:
        np.savez_compressed(handle, **present)  # type: ignore[arg-type]
