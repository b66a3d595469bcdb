"""Bundles: many labelled sequences in one ``.npz``."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from mgskel.formats.bundle import Bundle, read_bundle
from mgskel.formats.checks import make_sequence
from mgskel.formats.faults import Faults
from mgskel.formats.layouts import layouts_with
from mgskel.formats.npz import open_npz
from mgskel.formats.probe import Probe
from mgskel.formats.recording import ASSUMED_FPS, Contents, ReadOptions, Recording, Recordings

NAME = "bundle"


def sniff(probe: Probe) -> bool:
    return {"frames", "offsets"} <= probe.npz_keys or "frames" in probe.npz_keys


def read(probe: Probe, options: ReadOptions, faults: Faults) -> Contents:
    layout, notes = _layout(probe, options, faults)
    bundle = read_bundle(probe.path, faults, layout, fps=options.fps, unit=options.unit)
    if faults.stopping:
        return Contents(NAME, Recordings.of(probe.path, []))
    if bundle.fps is None:
        notes += (f"the frame rate is assumed ({ASSUMED_FPS:g}): give it by --fps",)
    return Contents(
        NAME,
        Recordings(probe.path, len(bundle), lambda i, found: _recording(bundle, i, options, found)),
        class_names=bundle.class_names,
        notes=notes,
    )


def _layout(
    probe: Probe, options: ReadOptions, faults: Faults
) -> tuple[str | Path | None, tuple[str, ...]]:
    """The caller's layout; or, to look for faults only, any with the right number of joints."""
    named = {"header", "layout"} & probe.npz_keys
    if options.layout is not None or named or not options.guess_layout:
        return options.layout, ()
    with open_npz(probe.path, faults) as arrays:
        shape = arrays["frames"].shape
    fitting = layouts_with(shape[1]) if len(shape) == 3 else ()
    if not fitting:
        return None, ()
    return fitting[0], (
        f"the file names no layout: checked as {' or '.join(fitting)}; to use it, give --layout",
    )


def _recording(
    bundle: Bundle, index: int, options: ReadOptions, faults: Faults
) -> Recording | None:
    start, end = bundle.offsets[index : index + 2]
    frames = bundle.frames[None, start:end]
    # A bundle marks missing joints by NaN: the origin is a place like any other.
    scores = np.isfinite(frames).all(-1).astype(np.float32)
    if bundle.scores is not None:
        scores = bundle.scores[None, start:end]
    size = None if bundle.frame_size is None else bundle.frame_size[index]
    name = f"sequence {index}" if bundle.name is None else str(bundle.name[index])
    sequence = make_sequence(
        frames,
        scores,
        skeleton=bundle.skeleton,
        options=options,
        faults=faults,
        place=name if bundle.name is None else f"sequence {index} ({name})",
        fps=None if bundle.fps is None else bundle.fps_of(index),
        unit=bundle.unit,
        frame_size=None if size is None or not size.any() else (int(size[0]), int(size[1])),
        source=name,
    )
    if sequence is None:
        return None
    return Recording(
        sequence,
        name,
        label=_item(bundle.label, index),
        subject=_item(bundle.subject, index),
        view=_item(bundle.view, index),
        split=_text(bundle.extra.get("split"), index),
        frame_label=None if bundle.frame_label is None else bundle.frame_label[start:end],
        extra={k: values[index] for k, values in bundle.extra.items() if k != "split"},
    )


def _item(values: np.ndarray | None, index: int) -> int | None:
    return None if values is None else values[index].item()


def _text(values: np.ndarray | None, index: int) -> str | None:
    return None if values is None else str(values[index])
