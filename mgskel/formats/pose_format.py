"""The binary ``.pose`` of the pose-format library, where that is installed.

Its components (body, hands, face mesh, or OpenPose's lists) become the layout that holds them.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from mgskel.core.errors import Faults, MissingDependency
from mgskel.core.recording import Dataset
from mgskel.core.skeleton import Skeleton, get_skeleton, skeleton_from_dict, skeleton_to_dict
from mgskel.core.storage.intake import read_bytes
from mgskel.formats.format import Format, ReadOptions, register, single
from mgskel.formats.reading.layouts import layout_for
from mgskel.formats.reading.sequence_checks import make_sequence
from mgskel.formats.reading.source import Source

_BODY, _WORLD = "POSE_LANDMARKS", "POSE_WORLD_LANDMARKS"
_HANDS = (("LEFT_HAND_LANDMARKS", "left"), ("RIGHT_HAND_LANDMARKS", "right"))
_OPENPOSE = ("pose_keypoints_2d", "hand_left_keypoints_2d", "hand_right_keypoints_2d",
             "face_keypoints_2d")  # fmt: skip
_VERSIONS = (0.0, 0.1, 0.2)


def recognises(source: Source) -> bool:
    if source.path.suffix == ".pose":
        return True
    if len(source.head) < 12:
        return False
    version = float(np.frombuffer(source.head[:4], "<f4")[0])
    size = int.from_bytes(source.head[4:6], "little")
    return any(abs(version - known) < 1e-6 for known in _VERSIONS[1:]) and 0 < size < 20_000


def read(source: Source, options: ReadOptions, faults: Faults) -> Dataset:
    pose = _load(source, faults)
    header = pose.header
    data = np.ma.filled(np.ma.asarray(pose.body.data, np.float32), np.nan)  # (T, M, V, C)
    confidence = np.asarray(pose.body.confidence, np.float32)
    names = [component.name for component in header.components]
    sizes = [len(component.points) for component in header.components]
    layout, columns, notes = _layout(names, sizes, options, faults)
    data, confidence = data[:, :, columns], confidence[:, :, columns]
    scores = confidence.transpose(1, 0, 2)
    points = np.where((scores > 0)[..., None], data.transpose(1, 0, 2, 3), np.nan)
    width, height = int(header.dimensions.width), int(header.dimensions.height)
    sequence = make_sequence(
        points,
        np.where(np.isnan(points).any(-1), 0, scores),
        skeleton=layout,
        options=options,
        faults=faults,
        fps=float(pose.body.fps),
        unit=options.unit or ("pixel" if width > 1 else None),
        frame_size=(width, height) if width > 1 and height > 1 else None,
        source=source.path.name,
    )
    return single(sequence, source).replace(notes=notes)


def _load(source: Source, faults: Faults) -> Any:
    try:
        from pose_format import Pose
    except ImportError as error:
        raise MissingDependency("pose-format", "interchange", "reading .pose files") from error
    content = read_bytes(source.path)
    try:
        return Pose.read(content)
    except Exception as error:  # the library raises whatever its parsing runs into
        raise faults.stop(
            "file",
            "a complete .pose file",
            f"{type(error).__name__}: {error}",
            "the file is cut off or of another kind; copy or write it again",
        ) from error


def _layout(
    names: list[str], sizes: list[int], options: ReadOptions, faults: Faults
) -> tuple[Skeleton, np.ndarray, tuple[str, ...]]:
    """The layout, the file's point of each of its joints, and what has no place in it."""
    start = dict(zip(names, np.cumsum([0, *sizes[:-1]]).tolist(), strict=True))
    count = dict(zip(names, sizes, strict=True))
    if options.layout is None and count.get(_BODY) == 33:
        return _mediapipe(start, count)
    if options.layout is None and names and set(names) <= set(_OPENPOSE):
        order = [name for name in _OPENPOSE if name in names]
        columns = np.concatenate([np.arange(count[n]) + start[n] for n in order])
        return layout_for(len(columns), ReadOptions(), faults), columns, ()
    total = sum(sizes)
    return layout_for(total, options, faults), np.arange(total), ()


def _mediapipe(
    start: dict[str, int], count: dict[str, int]
) -> tuple[Skeleton, np.ndarray, tuple[str, ...]]:
    """Body alone, or body and hands joined under the names of the joints."""
    body = get_skeleton("mediapipe33")
    place = {joint: start[_BODY] + index for index, joint in enumerate(body.joints)}
    with_hands = all(count.get(name) == 21 for name, _ in _HANDS)
    kept = {_BODY}
    if with_hands:
        openpose = get_skeleton("openpose137").joints
        for name, side in _HANDS:
            kept.add(name)
            first = openpose.index(f"{side}_hand_root")
            for index, joint in enumerate(openpose[first : first + 21]):
                place[joint] = start[name] + index
    layout = body if not with_hands else _body_and_hands(place)
    dropped = [name for name in start if name not in kept]
    notes = tuple(f"not read: the {count[name]} points of {name}" for name in dropped)
    return layout, np.array([place[joint] for joint in layout.joints]), notes


def _body_and_hands(known: dict[str, int]) -> Skeleton:
    """MediaPipe Holistic's layout without the face points, which have no numbers here."""
    tree = skeleton_to_dict(get_skeleton("mediapipe_holistic"))
    joints = [joint for joint in tree["joints"] if joint in known]
    return skeleton_from_dict(
        {
            "name": "mediapipe_body_hands",
            "root": tree["root"],
            "joints": joints,
            "bones": {c: p for c, p in tree["bones"].items() if c in known and p in known},
        }
    )


POSE_FORMAT = register(
    Format(
        "pose-format",
        "pose-format",
        "`.pose` (needs the package `pose-format`)",
        "body and hands",
        recognises,
        read,
    )
)
