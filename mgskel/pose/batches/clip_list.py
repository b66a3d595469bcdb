"""Which clips a command line means, and what their pose files are called."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from mgskel.core.errors import InputError
from mgskel.core.sequence import PoseSequence
from mgskel.core.storage.files import content_hash, json_hash
from mgskel.pose.frames import source_name
from mgskel.pose.stills import list_pictures, natural_key

VIDEO_ENDINGS = frozenset(
    ".mp4 .m4v .mov .avi .mkv .webm .mpg .mpeg .mpe .wmv .flv .ts .mts .m2ts .3gp .ogv .mjpeg"
    " .mjpg .gif .vob .asf .f4v .mxf".split()
)
OVERLAY_ENDING = ".overlay.mp4"


@dataclass(frozen=True)
class Clip:
    """A file, a folder of pictures, ``camera:N`` or a URL.

    Attributes:
        name: below the given folder, which is all that files will know of its place.
        stem: name of its results without ending, below the output folder.
    """

    path: str
    name: str
    stem: str

    @property
    def is_local(self) -> bool:
        return os.path.exists(self.path)

    def fingerprint(self) -> str:
        """Content hash: equal content, equal fingerprint, whatever name or date."""
        return content_hash(self.path) if self.is_local else ""


def find_clips(
    inputs: Sequence[str | Path],
    out: Path,
    is_clip: Callable[[Path], bool] | None = None,
) -> tuple[Clip, ...]:
    """The clips among files, folders (searched through), cameras and URLs.

    Results are named after their clip. Clips of the same name in different folders keep those
    folders; clips that differ only in their ending keep the ending.

    Args:
        out: the output folder; never searched for clips.
        is_clip: decides about files and folders met in the search; by default, video endings
            and folders of pictures count.
    """
    found: list[tuple[str, str]] = []
    for one in inputs:
        path = Path(one)
        if "://" in str(one) or str(one).startswith("camera:"):
            found.append((str(one), source_name(one).replace(":", "-").replace("/", "-")))
        elif path.is_dir():
            below = _search(path, out, is_clip or _is_video)
            if not below:
                raise InputError(
                    f"no clips in the folder '{path}'",
                    expected="videos, or pictures",
                    remedy="name the clip itself if its ending is unusual",
                )
            found += [(str(p), _below(p, path)) for p in below]
        elif path.exists():
            found.append((str(path), path.name))
        else:
            raise InputError(f"clip not found: {path}", remedy="check the path")
    return _named(list(dict.fromkeys(found)))


def _below(path: Path, root: Path) -> str:
    """The name of a path below a folder; a folder of pictures given itself keeps its own."""
    return path.relative_to(root).as_posix() if path != root else root.resolve().name


def _search(root: Path, out: Path, is_clip: Callable[[Path], bool]) -> list[Path]:
    """Clips below a folder, in natural order."""
    result: list[Path] = []
    outside = out.resolve() if out.resolve() != root.resolve() else None
    for folder, subfolders, names in os.walk(root):
        here = Path(folder)
        subfolders[:] = sorted(
            name
            for name in subfolders
            if not name.startswith(".") and (here / name).resolve() != outside
        )
        clips = [
            here / name
            for name in names
            if not name.startswith(".")
            and not name.endswith(OVERLAY_ENDING)
            and is_clip(here / name)
        ]
        if is_clip is not _is_video and is_clip(here):
            result.append(here)
            subfolders.clear()
        elif clips:
            result += sorted(clips, key=natural_key)
        elif is_clip is _is_video and len(list_pictures(here)) > 1:
            result.append(here)
    return result


def video_of(recording: PoseSequence, source: str | Path | None = None) -> str | None:
    """The video that a recording was made of: where it lies, or else its name, if it was one."""
    if source is not None and Path(source).is_file() and _is_video(Path(source)):
        return str(source)
    return recording.source if _is_video(Path(recording.source)) else None


def is_footage(path: Path) -> bool:
    """Whether there is something to look at: a video, or a folder of pictures."""
    return path.is_dir() or (_is_video(path) and path.is_file())


def _is_video(path: Path) -> bool:
    return path.suffix.lower() in VIDEO_ENDINGS


def _named(found: Sequence[tuple[str, str]]) -> tuple[Clip, ...]:
    """Give each clip a name and a stem of its own."""
    counts = Counter(name for _, name in found)
    names = [
        name if counts[name] == 1 else f"{Path(path).resolve().parent.name}/{Path(path).name}"
        for path, name in found
    ]
    counts = Counter(names)
    names = [
        name if counts[name] == 1 else f"{json_hash(str(Path(path).resolve()))[:8]}/{name}"
        for (path, _), name in zip(found, names, strict=True)
    ]
    stems = [_stem(path, name) for (path, _), name in zip(found, names, strict=True)]
    counts = Counter(stem.lower() for stem in stems)
    return tuple(
        Clip(path, name, stem if counts[stem.lower()] == 1 else name)
        for (path, _), name, stem in zip(found, names, stems, strict=True)
    )


def _stem(path: str, name: str) -> str:
    known = Path(name).suffix.lower() in VIDEO_ENDINGS
    plain = known or (Path(path).is_file() and Path(name).suffix != "")
    return name[: -len(Path(name).suffix)] if plain else name
