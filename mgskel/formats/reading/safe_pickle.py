"""Pickles read without running them: an interpreter of the few operations that data sets use.

A pickle is a program. Of its operations those are known here that build numbers, text, bytes and
plain containers; of the functions that it may call, those that stand for arrays of plain numbers
or text, which are made from their bytes by this file's own code. No other name is looked up, and
nothing of `pickle` or of NumPy's own rebuilding is called. Work and memory stay in proportion to
the file's size.
"""

from __future__ import annotations

import codecs
import re
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

from mgskel.core.errors import Faults, shown
from mgskel.core.storage.intake import open_file
from mgskel.formats.reading.pickle_values import (
    NAMES,
    Array,
    Damaged,
    Dtype,
    Name,
    Refused,
    array_from,
    called,
    keys_of,
)

_WINDOW = 1 << 16
_LONGEST_LINE = 1 << 12
_DEEPEST_STACK = 200_000
_MOST_OPERATIONS, _BYTES_AN_OPERATION = 2_000_000, 16
_MARK = object()
_PLAIN = {ord("("): _MARK, ord("N"): None, 0x88: True, 0x89: False, ord(")"): ()}

# `_reconstruct(ndarray, (0,), b"b")` and the beginning of its state: version, shape, dtype, order
# and the size of the content, as protocol 4 writes it for every array but the first.
_HEAD = (
    rb"[jh](?P<function>(?<=j).{4}|(?<=h).)[jh](?P<kind>(?<=j).{4}|(?<=h).)K\0\x85\x94"
    rb"[jh](?P<letter>(?<=j).{4}|(?<=h).)\x87\x94R\x94"
    rb"\(K\x01(?P<mark>\(?)(?P<shape>(?:K.|M..){1,8})(?P<end>[t\x85-\x87])\x94"
    rb"[jh](?P<dtype>(?<=j).{4}|(?<=h).)\x89"
)
_USUAL_HEAD, _SIZES = re.compile(_HEAD, re.DOTALL), re.compile(rb"K.|M..", re.DOTALL)
_USUAL_ARRAY = re.compile(
    rb"(%s)[BC]((?<=B).{4}|(?<=C).)" % re.sub(rb"\?P<\w+>", b"?:", _HEAD), re.DOTALL
)


def load_pickle(path: str | Path, faults: Faults) -> Any:
    """The content of a pickle that holds nothing but arrays and plain containers."""
    with open_file(path) as handle:
        try:
            return _Interpreter(handle).run()
        except Refused as error:
            raise faults.stop(
                "pickle",
                "arrays, numbers, text, lists and dictionaries",
                f"{error}, which could run anything; nothing of it was run",
                "do not open this file with other programs unless you trust its origin; "
                "write it again with plain arrays",
            ) from error
        except (Damaged, ValueError, LookupError, TypeError, OverflowError, OSError) as error:
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
        self._usual: dict[bytes, tuple[Name, tuple[int, ...], Dtype] | None] = {}

    def run(self) -> Any:
        stack, memo, plain, rare = self._stack, self._memo, _PLAIN, self._OPERATIONS
        push, usual_arrays = stack.append, self._usual
        window, at = self._window, self._at
        for _ in range(_MOST_OPERATIONS + self._size // _BYTES_AN_OPERATION):
            if at + 5 > len(window):
                self._at = at
                self._refill()
                window, at = self._window, 0
                if not window:
                    raise Damaged("the file ends early")
            operation = window[at]
            # The few that make up nearly all of a data set stand here, for speed.
            if operation == 0x6A:  # LONG_BINGET
                value = memo[int.from_bytes(window[at + 1 : at + 5], "little")]
                if type(value) is Name and (usual := _USUAL_ARRAY.match(window, at)):
                    if self._usual_array(usual):
                        window, at = self._window, self._at
                        continue
                push(value if type(value) is not Array else self._known(value))
                at += 5
            elif operation == 0x94:  # MEMOIZE
                memo[len(memo)] = stack[-1]
                at += 1
            elif operation == 0x4B:  # BININT1
                push(window[at + 1])
                at += 2
            elif operation == 0x68:  # BINGET
                value = memo[window[at + 1]]
                if type(value) is Name and (usual := _USUAL_ARRAY.match(window, at)):
                    if self._usual_array(usual):
                        window, at = self._window, self._at
                        continue
                push(value if type(value) is not Array else self._known(value))
                at += 2
            elif operation == 0x71:  # BINPUT
                memo[window[at + 1]] = stack[-1]
                usual_arrays.clear()
                at += 2
            elif operation == 0x72:  # LONG_BINPUT
                memo[int.from_bytes(window[at + 1 : at + 5], "little")] = stack[-1]
                usual_arrays.clear()
                at += 5
            elif operation in plain:
                push(plain[operation])
                at += 1
            elif operation == 0x2E:  # STOP
                return self.pop()
            else:
                self._at = at + 1
                if operation not in rare:
                    raise Damaged(f"operation {operation:#04x}, which no data set needs")
                rare[operation](self)
                window, at = self._window, self._at
        raise Damaged("more operations than such a file needs")

    def _usual_array(self, usual: re.Match[bytes]) -> bool:
        """Do the operations that NumPy writes for an array at once, if they are these.

        They come for every array, and one by one they take most of the time. What they leave on
        the stack and in memory is the same; nothing is done where anything is unusual.
        """
        head, size = usual.groups()
        memo = self._memo
        if head not in self._usual:
            self._usual[head] = self._told_in(head)
        told = self._usual[head]
        if told is None:
            return False
        self._at = usual.end()
        kind, shape, dtype = told
        array, first = Array(), len(memo)
        content = self.take(int.from_bytes(size, "little"))
        memo[first] = nothing = (0,)
        memo[first + 1], memo[first + 2], memo[first + 3] = (kind, nothing, b"b"), array, shape
        if self._window[self._at : self._at + 4] != b"\x94t\x94b":
            self._stack += [array, _MARK, 1, shape, dtype, False, content]
            return True
        self._at += 4
        array.made = array_from(content, dtype, shape, False)
        memo[first + 4], memo[first + 5] = content, (1, shape, dtype, False, content)
        self._stack.append(array.made)
        return True

    def _told_in(self, head: bytes) -> tuple[Name, tuple[int, ...], Dtype] | None:
        """Kind, shape and dtype in the usual words for an array; none where they are others."""
        parts = _USUAL_HEAD.fullmatch(head)
        assert parts is not None
        function, kind, letter, dtype = (
            self._memo[int.from_bytes(parts[name], "little")]
            for name in ("function", "kind", "letter", "dtype")
        )
        sizes = [int.from_bytes(one[1:], "little") for one in _SIZES.findall(parts["shape"])]
        # TUPLE1 to TUPLE3, or a mark before and TUPLE after them
        ended = b"t" if parts["mark"] else bytes([0x84 + len(sizes)])
        plain = type(function) is Name and type(kind) is Name and type(dtype) is Dtype
        if not plain or (function.name, kind.name, letter) != ("_reconstruct", "ndarray", b"b"):
            return None
        return (kind, tuple(sizes), dtype) if parts["end"] == ended else None

    def _refill(self) -> None:
        if len(self._stack) > _DEEPEST_STACK:
            raise Damaged("more values wait for their container than any data set has")
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
            raise Damaged(f"{size} bytes announced, and the file ends before")
        self._window, self._at = b"", 0
        self._left -= more
        rest = self._handle.read(more)
        return start + rest if start else rest

    def line(self) -> bytes:
        """The next line, of the text protocol."""
        end = self._window.find(b"\n", self._at)
        while end < 0:
            if len(self._window) - self._at > _LONGEST_LINE or not self._left:
                raise Damaged("a line that does not end")
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
                raise Damaged("no mark where one is needed")
        values = [v if type(v) is not Array else self._known(v) for v in stack[at + 1 :]]
        del stack[at:]
        return values

    def _known(self, value: Any) -> Any:
        if value is _MARK:
            raise Damaged("a value that is not there")
        return value.made if type(value) is Array and value.made is not None else value

    def remember(self, key: int) -> None:
        self._memo[key] = self._stack[-1]
        self._usual.clear()

    def recall(self, key: int) -> None:
        self.push(self._known(self._memo[key]))

    def name(self, module: object, name: object) -> None:
        if not isinstance(name, str) or module not in NAMES.get(name, ()):
            raise Refused(f"it asks for '{shown(module)[1:-1]}.{shown(name)[1:-1]}'")
        self.push(Name(name))

    def append(self, values: list[Any]) -> None:
        target = self._stack[-1]
        if type(target) is not list:
            raise Damaged("an append to what is no list")
        target += values

    def add_items(self, values: list[Any]) -> None:
        target = self._stack[-1]
        if type(target) is not dict:
            raise Damaged("an entry of what is no dictionary")
        target.update(zip(keys_of(values[::2]), values[1::2], strict=True))

    def add_members(self, values: list[Any]) -> None:
        target = self._stack[-1]
        if type(target) is not set:
            raise Damaged("a member of what is no set")
        target.update(keys_of(values))

    def call(self) -> None:
        arguments, function = self.pop(), self.pop()
        if not isinstance(function, Name) or not isinstance(arguments, tuple):
            raise Refused("it calls what is no function of arrays")
        self.push(called(function.name, arguments))

    def build(self) -> None:
        state, target = self.pop(), self._stack[-1]
        if type(target) is Dtype:
            target.set_order(state)
        elif type(target) is Array and target.made is None:
            if not isinstance(state, tuple) or len(state) != 5:
                raise Damaged("an array in an unknown form")
            _, shape, dtype, fortran, content = state
            target.made = array_from(content, dtype, shape, bool(fortran))
            self._stack[-1] = target.made
        else:
            raise Refused("it changes an object")

    def numeral(self) -> None:
        """INT and LONG of the text protocol."""
        text = self.line().decode("ascii").rstrip("L")
        if len(text) > 20:
            raise Damaged("a whole number of more than 64 bits")
        self.push({"00": False, "01": True}.get(text, int(text)))

    def long(self, size: int) -> None:
        if size > 8:
            raise Damaged("a whole number of more than 64 bits")
        self.push(int.from_bytes(self.take(size), "little", signed=True))

    def quoted(self) -> None:
        """STRING of the text protocol: a quoted literal."""
        text = self.line().strip()
        if len(text) < 2 or text[:1] != text[-1:] or text[:1] not in (b"'", b'"'):
            raise Damaged("text without quotes")
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
        raise Refused("it makes an object, or refers to one outside")

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
        0x91: lambda i: i.push(frozenset(keys_of(i.since_mark()))),
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


def looks_pickled(head: bytes) -> bool:
    """Whether a file's first bytes are those of a pickle (protocol 2 up, or the text one)."""
    if len(head) > 1 and head[0] == 0x80 and 2 <= head[1] <= 5:
        return True
    return head[:3] in (b"(dp", b"(lp", b"(d.", b"(l.") or head[:2] in (b"}q", b"]q")
