"""Pickles read without running them: an interpreter of the few operations that data sets use.

A pickle is a program. Of its operations those are known here that build numbers, text, bytes and
plain containers; of the functions that it may call, those that stand for arrays of plain numbers
or text, which are made from their bytes by this file's own code. No other name is looked up, and
nothing of `pickle` or of NumPy's own rebuilding is called. Work and memory stay in proportion to
the file's size.
"""

from __future__ import annotations

import codecs
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from mgskel.core.errors import Faults, shown
from mgskel.core.storage.intake import open_file
from mgskel.core.storage.npz import array_of, plain_dtype

_NUMPY = ("numpy.core.multiarray", "numpy._core.multiarray", "numpy.core.numeric",
          "numpy._core.numeric", "numpy")  # fmt: skip
_NAMES = {
    "ndarray": _NUMPY, "dtype": _NUMPY, "_reconstruct": _NUMPY, "scalar": _NUMPY,
    "_frombuffer": _NUMPY, "OrderedDict": ("collections",), "set": ("builtins", "__builtin__"),
    "frozenset": ("builtins", "__builtin__"), "bytearray": ("builtins", "__builtin__"),
    "bytes": ("builtins", "__builtin__"), "encode": ("_codecs",),
}  # fmt: skip
_WINDOW = 1 << 16
_LONGEST_LINE = 1 << 12
_DEEPEST_STACK = 200_000
_MOST_OPERATIONS, _BYTES_AN_OPERATION = 2_000_000, 16
_MARK = object()
_PLAIN = {ord("("): _MARK, ord("N"): None, 0x88: True, 0x89: False, ord(")"): ()}


class _Refused(Exception):
    """The pickle asks for something that could run code."""


class _Damaged(Exception):
    """The pickle is no complete pickle of plain data."""


class _Name:
    """A function that a pickle names; only calling it here gives something."""

    __match_args__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name


class _Dtype:
    """A plain dtype, whose byte order comes after it."""

    def __init__(self, kind: object) -> None:
        self.kind = kind
        self.made = plain_dtype(kind)

    def set_order(self, state: object) -> None:
        plain = isinstance(state, tuple) and len(state) >= 5 and not any(state[2:5])
        if not plain or state[1] not in ("<", ">", "|", "="):  # type: ignore[index]
            raise _Damaged("an array of records, where plain numbers or text are wanted")
        self.made = plain_dtype(f"{state[1]}{str(self.kind).lstrip('<>|=')}")  # type: ignore[index]


class _Array:
    """An array whose content comes after it."""

    made: np.ndarray | None = None


def load_pickle(path: str | Path, faults: Faults) -> Any:
    """The content of a pickle that holds nothing but arrays and plain containers."""
    with open_file(path) as handle:
        try:
            return _Interpreter(handle).run()
        except _Refused as error:
            raise faults.stop(
                "pickle",
                "arrays, numbers, text, lists and dictionaries",
                f"{error}, which could run anything; nothing of it was run",
                "do not open this file with other programs unless you trust its origin; "
                "write it again with plain arrays",
            ) from error
        except (_Damaged, ValueError, LookupError, TypeError, OverflowError, OSError) as error:
            raise faults.stop(
                "pickle",
                "a complete pickle of arrays and plain containers",
                str(error) or type(error).__name__,
                "the file is cut off or of another kind; copy or write it again",
            ) from error


class _Interpreter:
    """One pickle being read: a window on its file, the stack, and what it remembers."""

    def __init__(self, handle: BinaryIO) -> None:
        self._handle = handle
        self._size = handle.seek(0, 2)
        handle.seek(0)
        self._window = b""
        self._at = 0
        self._left = self._size
        self._stack: list[Any] = []
        self._memo: dict[int, Any] = {}

    def run(self) -> Any:
        stack, memo, plain, rare = self._stack, self._memo, _PLAIN, self._OPERATIONS
        push = stack.append
        window, at = self._window, self._at
        for _ in range(_MOST_OPERATIONS + self._size // _BYTES_AN_OPERATION):
            if at + 5 > len(window):
                self._at = at
                self._refill()
                window, at = self._window, 0
                if not window:
                    raise _Damaged("the file ends early")
            operation = window[at]
            # The few that make up nearly all of a data set stand here, for speed.
            if operation == 0x6A:  # LONG_BINGET
                value = memo[int.from_bytes(window[at + 1 : at + 5], "little")]
                push(value if type(value) is not _Array else self._known(value))
                at += 5
            elif operation == 0x94:  # MEMOIZE
                memo[len(memo)] = stack[-1]
                at += 1
            elif operation == 0x4B:  # BININT1
                push(window[at + 1])
                at += 2
            elif operation == 0x68:  # BINGET
                value = memo[window[at + 1]]
                push(value if type(value) is not _Array else self._known(value))
                at += 2
            elif operation == 0x71:  # BINPUT
                memo[window[at + 1]] = stack[-1]
                at += 2
            elif operation == 0x72:  # LONG_BINPUT
                memo[int.from_bytes(window[at + 1 : at + 5], "little")] = stack[-1]
                at += 5
            elif operation in plain:
                push(plain[operation])
                at += 1
            elif operation == 0x2E:  # STOP
                return self.pop()
            else:
                self._at = at + 1
                if operation not in rare:
                    raise _Damaged(f"operation {operation:#04x}, which no data set needs")
                rare[operation](self)
                window, at = self._window, self._at
        raise _Damaged("more operations than such a file needs")

    def _refill(self) -> None:
        if len(self._stack) > _DEEPEST_STACK:
            raise _Damaged("more values wait for their container than any data set has")
        part = self._handle.read(_WINDOW)
        self._left -= len(part)
        self._window = self._window[self._at :] + part
        self._at = 0

    def take(self, size: int) -> bytes:
        """The next bytes of the file."""
        at = self._at
        end = at + size
        if end <= len(self._window):
            self._at = end
            return self._window[at:end]
        start = self._window[at:]
        more = size - len(start)
        if not 0 <= more <= self._left:
            raise _Damaged(f"{size} bytes announced, and the file ends before")
        self._window, self._at = b"", 0
        self._left -= more
        rest = self._handle.read(more)
        return start + rest if start else rest

    def line(self) -> bytes:
        """The next line, of the text protocol."""
        end = self._window.find(b"\n", self._at)
        while end < 0:
            if len(self._window) - self._at > _LONGEST_LINE or not self._left:
                raise _Damaged("a line that does not end")
            self._refill()
            end = self._window.find(b"\n", self._at)
        text = self._window[self._at : end]
        self._at = end + 1
        return text

    def whole(self, size: int) -> int:
        return int.from_bytes(self.take(size), "little")

    def push(self, value: Any) -> None:
        self._stack.append(value)

    def pop(self) -> Any:
        return self._known(self._stack.pop())

    def since_mark(self) -> list[Any]:
        """What was put on the stack since the last mark, taken off."""
        stack = self._stack
        at = len(stack) - 1
        while stack[at] is not _MARK:
            at -= 1
            if at < 0:
                raise _Damaged("no mark where one is needed")
        values = [self._known(value) for value in stack[at + 1 :]]
        del stack[at:]
        return values

    def _known(self, value: Any) -> Any:
        if value is _MARK:
            raise _Damaged("a value that is not there")
        return value.made if type(value) is _Array and value.made is not None else value

    def remember(self, key: int) -> None:
        self._memo[key] = self._stack[-1]

    def recall(self, key: int) -> None:
        self.push(self._known(self._memo[key]))

    def name(self, module: object, name: object) -> None:
        if not isinstance(name, str) or module not in _NAMES.get(name, ()):
            raise _Refused(f"it asks for '{shown(module)[1:-1]}.{shown(name)[1:-1]}'")
        self.push(_Name(name))

    def append(self, values: list[Any]) -> None:
        target = self._stack[-1]
        if type(target) is not list:
            raise _Damaged("an append to what is no list")
        target += values

    def add_items(self, values: list[Any]) -> None:
        target = self._stack[-1]
        if type(target) is not dict:
            raise _Damaged("an entry of what is no dictionary")
        target.update(zip(_keys(values[::2]), values[1::2], strict=True))

    def add_members(self, values: list[Any]) -> None:
        target = self._stack[-1]
        if type(target) is not set:
            raise _Damaged("a member of what is no set")
        target.update(_keys(values))

    def call(self) -> None:
        arguments, function = self.pop(), self.pop()
        if not isinstance(function, _Name) or not isinstance(arguments, tuple):
            raise _Refused("it calls what is no function of arrays")
        self.push(_call(function.name, arguments))

    def build(self) -> None:
        state, target = self.pop(), self._stack[-1]
        if type(target) is _Dtype:
            target.set_order(state)
        elif type(target) is _Array and target.made is None:
            if not isinstance(state, tuple) or len(state) != 5:
                raise _Damaged("an array in an unknown form")
            _, shape, dtype, fortran, content = state
            target.made = _array(content, dtype, shape, bool(fortran))
            self._stack[-1] = target.made
        else:
            raise _Refused("it changes an object")

    def numeral(self) -> None:
        """INT and LONG of the text protocol."""
        text = self.line().decode("ascii").rstrip("L")
        if len(text) > 20:
            raise _Damaged("a whole number of more than 64 bits")
        self.push({"00": False, "01": True}.get(text, int(text)))

    def long(self, size: int) -> None:
        if size > 8:
            raise _Damaged("a whole number of more than 64 bits")
        self.push(int.from_bytes(self.take(size), "little", signed=True))

    def quoted(self) -> None:
        """STRING of the text protocol: a quoted literal."""
        text = self.line().strip()
        if len(text) < 2 or text[:1] != text[-1:] or text[:1] not in (b"'", b'"'):
            raise _Damaged("text without quotes")
        self.push(codecs.escape_decode(text[1:-1])[0].decode("latin1"))  # type: ignore[attr-defined]

    def text(self, size: int, encoding: str = "utf-8") -> None:
        self.push(self.take(size).decode(encoding))

    def tuple_of(self, count: int) -> None:
        values = tuple([self.pop() for _ in range(count)][::-1])
        self.push(values)

    def dictionary(self) -> None:
        values = self.since_mark()
        self.push({})
        self.add_items(values)

    def refuse(self) -> None:
        raise _Refused("it makes an object, or refers to one outside")

    _OPERATIONS: dict[int, Callable[[_Interpreter], object]] = {
        ord("}"): lambda i: i.push({}),
        ord("]"): lambda i: i.push([]),
        0x8F: lambda i: i.push(set()),
        0x80: lambda i: i.take(1),
        0x95: lambda i: i.take(8),
        0x8C: lambda i: i.text(i.whole(1)),
        ord("X"): lambda i: i.text(i.whole(4)),
        0x8D: lambda i: i.text(i.whole(8)),
        ord("U"): lambda i: i.text(i.whole(1), "latin1"),
        ord("T"): lambda i: i.text(i.whole(4), "latin1"),
        ord("C"): lambda i: i.push(i.take(i.whole(1))),
        ord("B"): lambda i: i.push(i.take(i.whole(4))),
        0x8E: lambda i: i.push(i.take(i.whole(8))),
        0x96: lambda i: i.push(i.take(i.whole(8))),
        ord("M"): lambda i: i.push(i.whole(2)),
        ord("J"): lambda i: i.long(4),
        0x8A: lambda i: i.long(i.whole(1)),
        0x8B: lambda i: i.long(i.whole(4)),
        ord("G"): lambda i: i.push(struct.unpack(">d", i.take(8))[0]),
        ord("I"): lambda i: i.numeral(),
        ord("L"): lambda i: i.numeral(),
        ord("F"): lambda i: i.push(float(i.line())),
        ord("S"): lambda i: i.quoted(),
        ord("V"): lambda i: i.push(i.line().decode("raw-unicode-escape")),
        ord("p"): lambda i: i.remember(int(i.line()[:20])),
        ord("g"): lambda i: i.recall(int(i.line()[:20])),
        ord("c"): lambda i: i.name(i.line().decode(), i.line().decode()),
        0x93: lambda i: i.name(*[i.pop(), i.pop()][::-1]),
        ord("a"): lambda i: i.append([i.pop()]),
        ord("e"): lambda i: i.append(i.since_mark()),
        ord("s"): lambda i: i.add_items([i.pop(), i.pop()][::-1]),
        ord("u"): lambda i: i.add_items(i.since_mark()),
        0x90: lambda i: i.add_members(i.since_mark()),
        0x91: lambda i: i.push(frozenset(_keys(i.since_mark()))),
        ord("t"): lambda i: i.push(tuple(i.since_mark())),
        0x85: lambda i: i.tuple_of(1),
        0x86: lambda i: i.tuple_of(2),
        0x87: lambda i: i.tuple_of(3),
        ord("l"): lambda i: i.push(i.since_mark()),
        ord("d"): lambda i: i.dictionary(),
        ord("R"): lambda i: i.call(),
        ord("b"): lambda i: i.build(),
        ord("0"): lambda i: i._stack.pop(),
        **dict.fromkeys((*b"PQio", 0x81, 0x82, 0x83, 0x84, 0x92, 0x97, 0x98), lambda i: i.refuse()),
    }


def _keys(values: list[Any]) -> list[Any]:
    """Values that may be looked up by: text and common numbers, whose hashes do not collide."""
    for value in values:
        common = type(value) is int or isinstance(value, np.integer)
        if type(value) not in (str, bytes, bool) and not (common and abs(int(value)) < 1 << 60):
            raise _Damaged(f"{shown(value)} as a key")
    return values


def _call(name: str, arguments: tuple[Any, ...]) -> Any:
    """What one of the known functions gives."""
    match name, arguments:
        case "_reconstruct", (_Name(name="ndarray"), tuple(), bytes() | str()):
            return _Array()
        case "dtype", (kind, *_):
            return _Dtype(kind)
        case "scalar", (dtype, content):
            return _array(content, dtype, (), False)[()]
        case "_frombuffer", (content, dtype, shape, order):
            return _array(content, dtype, shape, order == "F")
        case "OrderedDict", ():
            return {}
        case "OrderedDict", (list(pairs),) if all(
            isinstance(pair, list | tuple) and len(pair) == 2 for pair in pairs
        ):
            return dict(zip(_keys([key for key, _ in pairs]), [v for _, v in pairs], strict=True))
        case "set" | "frozenset", (list(members),):
            return set(_keys(members))
        case "encode" | "bytearray", (str(text), "latin1" | "latin-1"):
            return text.encode("latin1")
        case "bytearray" | "encode", (bytes(content),):
            return content
        case "bytearray" | "bytes", ():
            return b""
    raise _Damaged(f"'{name}' used in another way than for arrays and text")


def _array(content: object, dtype: object, shape: object, fortran: bool) -> np.ndarray:
    content = content.encode("latin1") if isinstance(content, str) else content
    if not isinstance(dtype, _Dtype) or not isinstance(content, bytes):
        raise _Damaged("an array of objects, where plain numbers or text are wanted")
    return array_of(content, dtype.made, shape, fortran)


def looks_pickled(head: bytes) -> bool:
    """Whether a file's first bytes are those of a pickle (protocol 2 up, or the text one)."""
    if len(head) > 1 and head[0] == 0x80 and 2 <= head[1] <= 5:
        return True
    return head[:3] in (b"(dp", b"(lp", b"(d.", b"(l.") or head[:2] in (b"}q", b"]q")
