"""Finds people with MediaPipe's person detector, in the whole picture or in parts of it.

The detector is made for one person who fills the picture, so small or several people are found
in overlapping tiles.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from mgskel.pose.estimators.mediapipe_graphs import Graph, finder

# In radii of the circle around hips and whole body: a shoulder width is about 0.4 of it.
_SAME_SHOULDERS = 0.3
# Half a person's box in radii: arms reach less far to the sides than the whole body upwards.
_BOX = np.array([0.6, 1.0])


class Somebody(Protocol):
    """Where somebody is: the middle (2,) of the shoulders and a scale, see `Found`."""

    @property
    def shoulders(self) -> np.ndarray: ...

    @property
    def radius(self) -> float: ...


@dataclass(frozen=True)
class Region:
    """A square or whole part of the picture, in pixels."""

    left: int
    top: int
    width: int
    height: int


@dataclass(frozen=True, eq=False)
class Found:
    """Somebody whom the detector sees.

    Attributes:
        place: MediaPipe's rotated square around the body, for the whole picture.
        shoulders, hips: (2,) their middles, in pixels.
        radius: from the hips to the farthest point of the whole body, in pixels.
    """

    place: Any
    shoulders: np.ndarray
    hips: np.ndarray
    radius: float


class PersonFinder:
    """Finds people in parts of pictures of one size."""

    def __init__(self, min_score: float, threads: int | None) -> None:
        self._graph = Graph(lambda: finder(min_score, threads))

    def close(self) -> None:
        self._graph.close()

    def look(self, image: np.ndarray, region: Region) -> list[Found]:
        """People in a part of the picture, the surest first."""
        height, width = image.shape[:2]
        part = image[
            region.top : region.top + region.height, region.left : region.left + region.width
        ]
        seen = self._graph(np.ascontiguousarray(part))
        result = []
        for detection, place in zip(seen.detections or (), seen.places or (), strict=True):
            points = np.array([(p.x, p.y) for p in detection.location_data.relative_keypoints]) * (
                region.width,
                region.height,
            ) + (region.left, region.top)
            hips, edge, shoulders = points[:3]
            if (region.width, region.height) != (width, height):
                place.x_center = (place.x_center * region.width + region.left) / width
                place.y_center = (place.y_center * region.height + region.top) / height
                place.width *= region.width / width
                place.height *= region.height / height
            result.append(Found(place, shoulders, hips, float(np.hypot(*(edge - hips)))))
        return result

    def people(self, image: np.ndarray) -> list[Found]:
        """Everybody whom the whole picture shows, or two of its large tiles."""
        size = image.shape[1], image.shape[0]
        found = self.look(image, whole(size))
        times = [2] * len(found)
        for region in tiles(size, 1.0):
            for one in self.look(image, region):
                known = [k for k, other in enumerate(found) if near(other, one)]
                if known:
                    times[known[0]] += 1
                else:
                    found.append(one)
                    times.append(1)
        return [one for one, seen in zip(found, times, strict=True) if seen > 1]

    def boxes(self, image: np.ndarray) -> np.ndarray:
        """(n, 4) left, top, right, bottom of everybody in the picture."""
        size = image.shape[1], image.shape[0]
        corners = [
            np.concatenate([one.hips - one.radius * _BOX, one.hips + one.radius * _BOX])
            for one in self.people(image)
        ]
        return np.clip(np.array(corners, np.float32).reshape(-1, 4), 0, (*size, *size))


def whole(size: tuple[int, int]) -> Region:
    return Region(0, 0, *size)


def tiles(size: tuple[int, int], share: float) -> list[Region]:
    """Overlapping squares, so large a share of the shorter side, that cover the picture."""
    side = max(round(min(size) * share), 1)
    starts = [
        np.unique(np.linspace(0, length - side, -(-(length - side) * 2 // side) + 1).astype(int))
        for length in size
    ]
    return [Region(int(x), int(y), side, side) for y in starts[1] for x in starts[0]]


def near(one: Somebody, other: Somebody, times: float = 1.0) -> bool:
    """Whether both are about the same person."""
    reach = _SAME_SHOULDERS * times * max(one.radius, other.radius)
    return bool(np.hypot(*(one.shoulders - other.shoulders)) < reach)
