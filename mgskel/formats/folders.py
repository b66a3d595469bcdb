"""Folders are written whole or not at all, as single files are."""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mgskel.core.errors import InputError


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
    temporary = target.with_name(f".{uuid.uuid4().hex[:12]}.part-{target.name}")
    try:
        temporary.mkdir(parents=True)
        yield temporary
        os.replace(temporary, target)
    except OSError as error:
        raise InputError(
            f"cannot write {target}: {error.strerror}",
            remedy="free some space, or choose an output folder that you may write to",
        ) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
