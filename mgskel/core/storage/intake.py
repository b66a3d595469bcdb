"""The gate through which everything from outside comes in, whatever reads it afterwards.

Only regular files are opened, of a bearable size; text is UTF-8 without NUL bytes; JSON and YAML
have a limited depth; tables close their quotes; and what a file claims to hold may take only so
much memory as its own size justifies. Whatever does not pass is an `InputError` with its place.
"""

from __future__ import annotations

import csv
import functools
import io
import os
import stat
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any, BinaryIO, TypeVar
from urllib.parse import SplitResult, urlsplit

from mgskel.core.errors import Faults, InputError, shown

MOST_TEXT = 512 << 20
MOST_SETTINGS = 16 << 20
MEMORY_FLOOR, MEMORY_TIMES = 256 << 20, 64
# Opening a pipe must not wait for its other end.
_HOW = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
_MOST_HOLES = 1 << 30
_DEEPEST = 100
_MOST_NODES = 1_000_000
_SHOWN = 8
Kind = TypeVar("Kind")


_MOST_DIGITS = 18


def memory_for(file_bytes: int) -> int:
    """How many bytes of arrays a recording may take that comes from so many bytes of files."""
    return MEMORY_FLOOR + MEMORY_TIMES * file_bytes


def open_file(path: str | Path, what: str = "file") -> BinaryIO:
    """A regular file, opened for reading; a pipe or device would be waited for without end."""
    return os.fdopen(_opened(path, what)[0], "rb")


def read_bytes(path: str | Path, what: str = "file", most: int = MOST_TEXT) -> bytes:
    """The content of a regular file of at most so many bytes."""
    handle, size = _opened(path, what)
    try:
        if size > most:
            raise InputError(
                f"{what} is too large: {path}",
                expected=f"at most {most >> 20} MB",
                found=f"{size >> 20} MB",
                remedy="cut it into parts",
            )
        content = os.read(handle, size)
        while len(content) < size and (more := os.read(handle, size - len(content))):
            content += more
        return content
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from error
    finally:
        os.close(handle)


def _opened(path: str | Path, what: str) -> tuple[int, int]:
    """The handle of a regular file, and its size."""
    try:
        handle = os.open(path, _HOW)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise InputError(f"{what} not found: {path}", remedy="check the path") from error
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise InputError(f"cannot read {path}: {reason}") from error
    status = os.fstat(handle)
    if stat.S_ISREG(status.st_mode) and not _hollow(status):
        return handle, status.st_size
    os.close(handle)
    if stat.S_ISREG(status.st_mode):
        raise InputError(
            f"{what} is nearly all holes: {path}",
            expected="a file that is stored as long as it says",
            found=f"{status.st_size >> 20} MB, nothing of most of which is on the disk",
            remedy="copy it again; copying it broke off",
        )
    raise InputError(
        f"{what} is not a regular file: {path}",
        expected="a regular file",
        found="a folder" if stat.S_ISDIR(status.st_mode) else "a pipe or device",
        remedy="copy its content into a file and give that",
    )


def _hollow(status: os.stat_result) -> bool:
    """Whether a file says that it is large, and next to nothing of it is stored."""
    stored = getattr(status, "st_blocks", status.st_size) * 512
    return status.st_size > _MOST_HOLES and stored * MEMORY_TIMES < status.st_size


def read_text(path: str | Path, what: str = "file", most: int = MOST_TEXT) -> str:
    """The text of a UTF-8 file (a byte order mark is dropped)."""
    content = read_bytes(path, what, most)
    nul = content.find(b"\0")
    if nul >= 0:
        line = content.count(b"\n", 0, nul) + 1
        raise InputError(
            f"{what} is not text: {path}",
            expected="UTF-8 text",
            found=f"a NUL byte in line {line}",
            remedy="save it as UTF-8",
        )
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise InputError(
            f"{what} is not UTF-8 text: {path}",
            expected="UTF-8 text",
            found=f"byte 0x{content[error.start]:02x} at offset {error.start}, in line {line}",
            remedy="save it as UTF-8",
        ) from error
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def number_of(text: str) -> int | None:
    """The number that a text of ASCII digits writes; none for other texts, and for more digits
    than a 64-bit number has.
    """
    plain = text.isascii() and text.isdecimal() and len(text) <= _MOST_DIGITS
    return int(text) if plain else None


def decimal_of(text: str) -> float:
    """The number that a text writes in ASCII; a ValueError where it writes none.

    Python alone would also take digits of every script, and 1_0 for ten.
    """
    plain = text.strip()
    if not plain.isascii() or "_" in plain:
        raise ValueError(f"{shown(text)} is no number")
    return float(plain)


def address_of(text: str, what: str = "address") -> SplitResult:
    """The parts of a network address, the port among them, once all of them can be read."""
    try:
        parts = urlsplit(text.strip())
        _ = parts.port  # looked at here, since looking is what fails
    except ValueError as error:
        raise InputError(
            f"this is no {what}", expected="such as http://HOST:PORT/PATH", found=str(error)
        ) from error
    return parts


def read_json(path: str | Path, what: str = "JSON file") -> Any:
    return parse_json(read_text(path, what), path, what)


def parse_json(content: bytes | str, place: object, what: str = "JSON") -> Any:
    """The value of a JSON text; nesting and the digits of whole numbers are limited."""
    from pydantic_core import from_json

    if isinstance(content, str):
        content = content.encode("utf-8", "replace")
    try:
        return from_json(content.removeprefix(b"\xef\xbb\xbf"))
    except ValueError as error:
        message, _, spot = str(error).rpartition(" at line ")
        message = message or spot
        raise InputError(
            f"{what} is not valid JSON: {message}",
            place=f"{place}, line {spot.replace(' column', ', column')}" if spot else place,
            remedy="the file may be cut off; write it again"
            if "limit" not in message and "range" not in message
            else "no file of this kind is nested so deeply, or has such numbers; write it again",
        ) from error


def checked(kind: type[Kind], tree: object, faults: Faults, place: str = "") -> Kind:
    """Plain values as a `kind` (a dataclass or typed dictionary), or their faults.

    Args:
        place: what the tree is a part of, to say where a fault lies.
    """
    from pydantic import ValidationError

    try:
        return _adapter(kind).validate_python(tree)  # type: ignore[arg-type, no-any-return]
    except ValidationError as error:
        for one in error.errors(include_url=False, include_context=False)[:_SHOWN]:
            where = ", ".join(filter(None, [place, ".".join(map(str, one["loc"]))]))
            expected = one["msg"].removeprefix("Input should be ")
            found = "nothing" if one["type"] == "missing" else shown(one["input"])
            faults.add(where or "content", expected, found, "correct it, or write the file again")
    faults.raise_if_stopping()
    raise AssertionError


@functools.cache
def _adapter(kind: Any) -> Any:
    from pydantic import TypeAdapter

    return TypeAdapter(kind)


def read_yaml(path: str | Path, what: str = "config file") -> Any:
    """The content of a YAML file, with syntax errors by line."""
    return parse_yaml(read_text(path, what, MOST_SETTINGS), path, what)


def parse_yaml(text: str, place: object, what: str = "config") -> Any:
    """Plain values of a YAML text; what looks like a date stays text, as nothing here is one."""
    import yaml

    if not text.strip():
        raise InputError(
            f"{what} is empty", place=place, expected="YAML with keys and values",
            remedy="give the right file, or leave it out",
        )  # fmt: skip
    try:
        _limit_depth(text)
        tree = yaml.load(text, _loader())
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise InputError(
            f"{what} is not valid YAML: {getattr(error, 'problem', error)}", place=f"{place}{line}"
        ) from error
    except (ValueError, TypeError, RecursionError, OverflowError) as error:
        raise InputError(f"{what} is not usable: {shown(str(error), 200)}", place=place) from error
    if "*" in text and sum(1 for _ in _nodes(tree)) > _MOST_NODES:
        raise InputError(f"{what} repeats itself without end", place=place, remedy="write it out")
    return tree


@functools.cache
def _loader() -> Any:
    import yaml

    # The parser in C is ten times as fast, where the package was built with it.
    class Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
        pass

    Loader.yaml_implicit_resolvers = {
        first: [pair for pair in pairs if pair[0] != "tag:yaml.org,2002:timestamp"]
        for first, pairs in Loader.yaml_implicit_resolvers.items()
    }
    return Loader


def _limit_depth(text: str) -> None:
    """Refuse a text nested too deeply: the parser in C recurses until it runs out of stack."""
    import yaml

    depth = 0
    for event in yaml.parse(text, _loader()):
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > _DEEPEST:
            raise RecursionError("nested too deeply")


def _nodes(tree: object) -> Iterator[object]:
    """Every value of a tree, as often as it stands in it; ends after too many."""
    waiting, count = [tree], 0
    while waiting and count <= _MOST_NODES:
        node = waiting.pop()
        count += 1
        yield node
        if isinstance(node, Mapping):
            waiting += [*node.keys(), *node.values()]
        elif isinstance(node, (list, tuple, set)):
            waiting += node


def csv_rows(
    lines: str | IO[str] | Iterable[str], place: object, delimiter: str = ","
) -> Iterator[tuple[int, list[str]]]:
    """(line number, cells) of each row of a table that is not empty; quotes must close."""
    source = io.StringIO(lines, newline="") if isinstance(lines, str) else lines
    reader = csv.reader(source, delimiter=delimiter, strict=True)
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield reader.line_num, cells
    except csv.Error as error:
        raise InputError(
            f"not a readable table: {error}",
            place=f"{place}, line {reader.line_num}",
            remedy="close every quote; a quote inside a quoted cell is written twice",
        ) from error
