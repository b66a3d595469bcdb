"""Files are written whole or not at all; what they hold can be told by a hash."""

from __future__ import annotations

import functools
import hashlib
import json
import os
import platform
import re
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from mgskel.core.errors import InputError, shown
from mgskel.core.storage.intake import open_file

_CHUNK = 1 << 20
_LONGEST_PATH, _DEEPEST_PATH = 3000, 200
_LEFTOVER = re.compile(r"\.[0-9a-f]{4}([0-9a-f]{8})[0-9a-f]{8}\.part-")
_looked_through: set[Path] = set()


@contextmanager
def writing(path: str | Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; rename it on success, remove it on failure.

    A reader therefore never sees half a file, and an interrupted run leaves the previous
    version untouched. A full disk or a forbidden folder becomes an `InputError`.
    """
    target = Path(path)
    temporary = _temporary(target)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        with open(temporary, "rb+") as handle:
            os.fsync(handle.fileno())
        os.replace(temporary, target)
    except OSError as error:
        if error.errno is None:
            raise
        raise _unwritable(target, error) from error
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


@contextmanager
def writing_folder(path: str | Path) -> Iterator[Path]:
    """Yield a temporary folder beside `path`; rename it on success, remove it on failure.

    An existing folder must be empty: frames of an older recording would mix with the new ones.
    """
    target = Path(path)
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise InputError(
            f"there is something at {target} already",
            expected="a new or empty folder",
            remedy="choose another folder, or remove this one",
        )
    temporary = _temporary(target)
    try:
        temporary.mkdir(parents=True)
        yield temporary
        os.replace(temporary, target)
    except OSError as error:
        raise _unwritable(target, error) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


@contextmanager
def writing_together(folder: str | Path) -> Iterator[Path]:
    """Yield a temporary folder whose files move into `folder` on success, all of them or none.

    What else lies in the folder stays; one made for files that then could not be written goes.
    """
    folder = Path(folder)
    made = folders_missing(folder)
    temporary = _temporary(folder / "files")
    try:
        temporary.mkdir(parents=True)
        yield temporary
        for path in sorted(p for p in temporary.rglob("*") if not p.is_dir()):
            target = folder / path.relative_to(temporary)
            target.parent.mkdir(parents=True, exist_ok=True)
            os.replace(path, target)
    except OSError as error:
        raise _unwritable(folder, error) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
        remove_empty(made)


def keep_input(source: str | Path, out: str | Path, other: str = "name") -> None:
    """Refuse to write over what is read: it would be lost."""
    if os.path.exists(source) and os.path.exists(out) and os.path.samefile(source, out):
        raise InputError(
            f"{out} is both input and output",
            remedy=f"give another {other} by -o; nothing was written",
        )


def check_name(path: Path) -> None:
    """Refuse names that no system takes, so many folders that making them would recurse, and the
    dash that elsewhere stands for a pipe."""
    if path.name == "-":
        raise InputError(
            "'-' is no name for an output",
            expected="the name of a file or a folder",
            remedy="nothing is written into pipes",
        )
    if len(os.fsencode(path)) > _LONGEST_PATH or len(path.parts) > _DEEPEST_PATH:
        raise InputError(
            "the name of an output is too long",
            expected=f"at most {_LONGEST_PATH} bytes and {_DEEPEST_PATH} folders",
            found=shown(str(path)),
        )


def folders_missing(folder: Path) -> list[Path]:
    """Which of a folder and those around it are not there, from the inside out."""
    return [one for one in (folder, *folder.parents) if not os.path.lexists(one)]


def remove_empty(folders: list[Path]) -> None:
    for folder in folders:
        with suppress(OSError):
            folder.rmdir()


def _temporary(target: Path) -> Path:
    check_name(target)
    _sweep_dead(target.parent)
    # The true ending comes last: many writers choose their format by it.
    owner = f"{_machine()}{os.getpid():08x}{uuid.uuid4().hex[:8]}"
    return target.with_name(f".{owner}.part-{target.name}")


@functools.cache
def _machine() -> str:
    """Four digits that tell this machine's unfinished files from those of others."""
    return hashlib.sha256(platform.node().encode()).hexdigest()[:4]


def _sweep_dead(folder: Path) -> None:
    """Remove what processes of this machine that are no more left unfinished in a folder, once."""
    folder = folder.absolute()
    if folder in _looked_through or os.name != "posix":
        return
    _looked_through.add(folder)
    with suppress(OSError):
        for path in folder.glob(f".{_machine()}*.part-*"):
            owner = _LEFTOVER.match(path.name)
            if owner and not _alive(int(owner[1], 16)):
                _remove(path)


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:
        return True
    return True


def _remove(leftover: Path) -> None:
    if leftover.is_dir() and not leftover.is_symlink():
        shutil.rmtree(leftover, ignore_errors=True)
    else:
        leftover.unlink(missing_ok=True)


def _unwritable(target: Path, error: OSError) -> InputError:
    told = Path(*(part for part in target.parts if not _LEFTOVER.match(part)))
    return InputError(
        f"cannot write {told}: {error.strerror}",
        remedy="free some space, or choose an output folder that you may write to",
    )


def sweep_leftovers(folder: str | Path) -> int:
    """Remove unfinished files of killed runs below a folder that nobody else writes to."""
    leftovers = [p for p in Path(folder).rglob(".*.part-*") if _LEFTOVER.match(p.name)]
    for leftover in leftovers:
        _remove(leftover)
    return len(leftovers)


def write_bytes(path: str | Path, content: bytes) -> None:
    with writing(path) as temporary:
        temporary.write_bytes(content)


def write_text(path: str | Path, text: str) -> None:
    write_bytes(path, text.encode("utf-8"))


def to_json(value: object) -> str:
    """JSON as this project writes it: readable, UTF-8, without the non-standard NaN."""
    return json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def write_json(path: str | Path, value: object) -> None:
    write_text(path, to_json(value))


def file_hash(path: str | Path) -> str:
    """SHA-256 of a file's content, as hex."""
    digest = hashlib.sha256()
    with open_file(path) as handle:
        while chunk := handle.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def content_hash(path: str | Path) -> str:
    """Hash of a file, or of all files below a folder with their names, wherever it lies."""
    path = Path(path)
    if not path.is_dir():
        return file_hash(path)
    files = sorted(p for p in path.rglob("*") if p.is_file())
    return json_hash([[p.relative_to(path).as_posix(), file_hash(p)] for p in files])


def json_hash(value: object) -> str:
    """SHA-256 of a value's canonical JSON, as hex: equal settings, equal hash."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode("utf-8")).hexdigest()
