"""A clip is a recording too: its keypoints are estimated while it is read.

So whatever takes recordings takes videos, folders of pictures, cameras and streams, and folders
that hold such.
"""

from __future__ import annotations

import dataclasses

from mgskel.core.errors import Faults
from mgskel.core.machine.progress import Progress
from mgskel.core.recording import Dataset, Recording
from mgskel.formats.format import Format, ReadOptions, register
from mgskel.formats.reading.source import Source
from mgskel.pose.batches.clip_list import VIDEO_ENDINGS
from mgskel.pose.stills import list_pictures

_AGAIN = "poses are extracted anew each time: 'mgskel extract' keeps them in files"
_MAGIC = {0: (b"\x1aE\xdf\xa3", b"\x00\x00\x01\xba", b"FLV\x01", b"OggS"), 4: (b"ftyp",),
          8: (b"AVI ",)}  # fmt: skip


def recognises(source: Source) -> bool:
    if source.is_remote:
        return True
    if source.is_folder:
        # A plot or two beside other files make no film of them.
        pictures = len(list_pictures(source.path))
        return pictures > 1 and 2 * pictures > len(source.listed())
    starts = (source.head[at:].startswith(marks) for at, marks in _MAGIC.items())
    return source.path.suffix.lower() in VIDEO_ENDINGS or any(starts)


def read(source: Source, options: ReadOptions, faults: Faults) -> Dataset:
    from mgskel.pose.extract import ExtractSettings, extract

    settings = options.extract or ExtractSettings()
    if options.fps is not None:
        video = dataclasses.replace(settings.video, fps=options.fps)
        settings = dataclasses.replace(settings, video=video)
    with Progress(None, f"{source.path.name}: extract") as progress:
        found = extract(source.given, settings=settings, progress=progress)
    return Dataset((Recording(found.sequence, source.path.stem),), notes=(*found.notes, _AGAIN))


CLIP = register(
    Format(
        "clip",
        "clip",
        "a video, a folder of pictures, `camera:N` or the address of a stream",
        "the poses of the main person, extracted as `mgskel extract` does",
        recognises,
        read,
        estimated=True,
    )
)
