"""A recording as a small moving picture: SVG that plays by itself, without any script.

It is what a recording shows of itself in a notebook, and what pages show of gestures.
"""

from __future__ import annotations

from html import escape

import numpy as np

from mgskel.core.interchange import Poses
from mgskel.core.skeleton import Skeleton
from mgskel.core.strokes import Stroke, strokes

_MARGIN = 0.08
_GREY = "#8a919c"
_ABREAST = 4


def animated_svg(
    sequence: Poses, height: int = 240, frames: int = 120, title: str = "", legend: bool = True
) -> str:
    """The skeletons of a recording, at their own speed, over and over.

    Args:
        height: in pixels; the width follows.
        frames: at most so many are shown, evenly spread, which keeps it small.
        legend: name the colours.
    """
    every = max(-(-sequence.keypoints.shape[1] // frames), 1)
    points = sequence.keypoints[:, ::every, :, :2].astype(np.float64)
    if sequence.unit == "metre":
        points[..., 1] *= -1
    places, width = _placed(points, height)
    lines = strokes(sequence.skeleton)
    parts = dict.fromkeys(line.part for line in lines)
    duration = max(sequence.duration_s, 0.1)
    shapes = []
    for part in parts:
        own = [line for line in lines if line.part == part]
        shapes.append(
            f'<path stroke="{sequence.skeleton.colours.get(part, _GREY)}" '
            f'd="{_path(places[:, 0], own)}">'
            f'<animate attributeName="d" calcMode="discrete" repeatCount="indefinite" '
            f'dur="{duration:.2f}s" values="'
            + ";".join(_path(places[:, t], own) for t in range(places.shape[1]))
            + '"/></path>'
        )
    drawn = [part for part, shape in zip(parts, shapes, strict=True) if shape.count("L")]
    names = _legend(drawn, sequence.skeleton, height) if legend else ""
    below = 14 * -(-len(drawn) // _ABREAST) + 2 if legend else 0
    said = escape(title or f"{sequence.source or 'recording'}, {duration:.1f} s")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height + below}" '
        f'width="{width}" height="{height + below}" role="img"><title>{said}</title>'
        f'<rect width="100%" height="100%" rx="6" fill="#16181d"/>'
        f'<g fill="none" stroke-width="2" stroke-linecap="round">{"".join(shapes)}</g>{names}</svg>'
    )


def _placed(points: np.ndarray, height: int) -> tuple[np.ndarray, int]:
    """Points (M, T, V, 2) in a picture of a height, and its width."""
    seen = points[np.isfinite(points).all(-1)]
    low, high = (
        np.quantile(seen, [0.002, 0.998], axis=0) if len(seen) else (np.zeros(2), np.ones(2))
    )
    size = np.maximum(high - low, 1e-6)
    margin = _MARGIN * size.max()
    scale = height / (size[1] + 2 * margin)
    width = int(np.clip((size[0] + 2 * margin) * scale, height / 2, 2 * height))
    across = (width / scale - size[0]) / 2
    return (points - low + [across, margin]) * scale, width


def _path(places: np.ndarray, lines: list[Stroke]) -> str:
    """One moment's lines, of everybody in it."""
    drawn = []
    for person in places:
        for line in lines:
            ends = np.concatenate(line.ends(person))
            if np.isfinite(ends).all():
                x, y, to_x, to_y = ends.round().astype(int)
                drawn.append(f"M{x} {y}L{to_x} {to_y}")
    return "".join(drawn) or "M0 0"


def _legend(parts: list[str], skeleton: Skeleton, top: int) -> str:
    rows = [parts[at : at + _ABREAST] for at in range(0, len(parts), _ABREAST)]
    return "".join(
        f'<text y="{top + 11 + 14 * row}" font-family="sans-serif" font-size="9">'
        + "".join(
            f'<tspan dx="6" fill="{skeleton.colours.get(part, _GREY)}">'
            f"{escape(part.replace('_', ' '))}</tspan>"
            for part in here
        )
        + "</text>"
        for row, here in enumerate(rows)
    )
