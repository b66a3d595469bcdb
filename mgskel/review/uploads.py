"""Clips that are dropped on the page: streamed into the study's `media` folder, or refused."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

from mgskel.core.errors import InputError
from mgskel.core.storage.files import writing
from mgskel.formats import is_recording
from mgskel.pose.batches.clip_list import VIDEO_ENDINGS

MEDIA = "media"
_LONGEST_NAME = 120


async def receive(study: Path, name: str, parts: AsyncIterator[bytes], most: int) -> Path:
    """Write an upload under a name of its own; nothing is left of one that fails.

    Args:
        most: bytes; a longer one is refused.
    """
    path = _free(study / MEDIA, tidy_name(name))
    size = 0
    with writing(path) as temporary:
        with open(temporary, "wb") as file:
            async for part in parts:
                size += len(part)
                if size > most:
                    raise InputError(
                        f"'{name}' is too large",
                        expected=f"at most {most / 1e9:.3g} GB",
                        remedy="name the file on the command line: mgskel review STUDY CLIP",
                    )
                file.write(part)
        if path.suffix.lower() not in VIDEO_ENDINGS and not is_recording(temporary):
            raise InputError(
                f"'{name}' is neither a video nor a recording of keypoints",
                expected="a video, or any format that 'mgskel convert' reads",
            )
    return path


def uploaded(study: Path) -> list[Path]:
    folder = study / MEDIA
    return sorted(p for p in folder.glob("*") if p.is_file() and not p.name.startswith("."))


def tidy_name(name: str) -> str:
    """The last part of a name, fit to be a file: no way out of the folder, nothing hidden."""
    last = re.split(r"[/\\]", name)[-1]
    shown = "".join(c for c in last if c.isprintable() and c not in '<>:"|?*').strip(". ")
    stem, dot, ending = shown.rpartition(".")
    if not dot or not stem.strip(". "):
        raise InputError("not a file's name", found=repr(name[:80]), expected="such as clip.mp4")
    return f"{stem.strip('. ')[: _LONGEST_NAME - len(ending)]}.{ending}"


def _free(folder: Path, name: str) -> Path:
    """A name that is not taken, with any ending: results are named without it."""
    taken = {path.stem.casefold() for path in folder.glob("*")}
    taken |= {path.name.casefold() for path in folder.parent.glob("*") if path.is_dir()}
    stem, ending = Path(name).stem, Path(name).suffix
    number, free = 1, stem
    while free.casefold() in taken:
        number += 1
        free = f"{stem}-{number}"
    return folder / f"{free}{ending}"
