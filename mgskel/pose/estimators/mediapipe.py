"""MediaPipe Holistic: body, both hands and the needed face points of one person per picture.

Runs the Holistic graph (complexity 1) whose weights lie in the wheel; nothing is downloaded.
The model's own smoothing is off: it would cost micro-gestures their amplitude before anybody
could say no. Smoothing is a later, recorded step (`cleaning`).

Scores are the models' own. Body points: visibility times presence, where presence falls to
zero outside the picture. Hand and face points carry no scores of their own, so they get the
probability that their model gives to a hand or face being there at all; this is read from
inside the graph. Where the hand model finds no hand, wrist and knuckles fall back to the
coarser finger points of the body model, with the body model's scores.
"""

from __future__ import annotations

import dataclasses
import importlib.util
import os
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

import numpy as np

from mgskel.core.errors import InputError, MissingDependency
from mgskel.core.files import file_hash, json_hash
from mgskel.core.skeleton import Skeleton, get_skeleton, skeleton_from_dict, skeleton_to_dict
from mgskel.pose.estimator import Detection, estimator, option

_GRAPH = "modules/holistic_landmark/holistic_landmark_cpu.binarypb"
_BODY_WEIGHTS = {
    0: "pose_landmark/pose_landmark_lite.tflite",
    1: "pose_landmark/pose_landmark_full.tflite",
    2: "pose_landmark/pose_landmark_heavy.tflite",
}
_OTHER_WEIGHTS = (
    "pose_detection/pose_detection.tflite",
    "hand_landmark/hand_landmark_full.tflite",
    "holistic_landmark/hand_recrop.tflite",
    "face_detection/face_detection_short_range.tflite",
    "face_landmark/face_landmark.tflite",
)
_HAND_MODEL = "handlandmarksleftandrightcpu__handlandmarksfromposecpu_{}__handlandmarkcpu"
_PRESENCE = {
    "left": _HAND_MODEL.format(1) + "__hand_presence_score",
    "right": _HAND_MODEL.format(2) + "__hand_presence_score",
    "face": "facelandmarksfromposecpu__facelandmarkcpu__face_presence_score",
}
_LANDMARKS = ("pose_landmarks", "left_hand_landmarks", "right_hand_landmarks", "face_landmarks")

# Vertices of the face mesh that our named face points are ("left" is the person's own left).
FACE_POINTS = MappingProxyType(
    {
        "left_brow_inner": 285,
        "left_brow_mid": 282,
        "left_brow_outer": 276,
        "right_brow_inner": 55,
        "right_brow_mid": 52,
        "right_brow_outer": 46,
        "left_eye_upper": 386,
        "left_eye_lower": 374,
        "right_eye_upper": 159,
        "right_eye_lower": 145,
        "upper_lip": 0,
        "upper_lip_inner": 13,
        "lower_lip_inner": 14,
        "lower_lip": 17,
        "chin": 152,
        "left_jaw": 397,
        "right_jaw": 172,
        "forehead": 10,
    }
)
MESH_SIZE = 468
_HAND_POINTS = (
    "hand_root",
    "thumb_cmc",
    "thumb_mcp",
    "thumb_ip",
    "thumb_tip",
    *(
        f"{f}_{j}"
        for f in ("index", "middle", "ring", "pinky")
        for j in ("mcp", "pip", "dip", "tip")
    ),
)


@dataclasses.dataclass(frozen=True)
class MediaPipeSettings:
    """`face`: only the points that micro-gestures need, or the whole mesh of 468."""

    face: Literal["needed", "full"] = option(
        "needed", "--face", "face points to store: needed or full"
    )
    complexity: int = 1
    min_detection_score: float = 0.5
    min_tracking_score: float = 0.5


def identity(settings: MediaPipeSettings) -> dict[str, Any]:
    """Name, version, weights' hash and settings, without starting the models."""
    hashes = _weights_hash(_weight_files(settings.complexity))
    return {
        "name": "mediapipe",
        "version": version("mediapipe"),
        "weights": hashes,
        "settings": dataclasses.asdict(settings),
    }


@estimator("mediapipe", settings=MediaPipeSettings, identity=identity)
class MediaPipe:
    """The `mediapipe` estimator; see the module's text for what its scores mean."""

    batch_size = 1

    def __init__(
        self, settings: MediaPipeSettings | None = None, threads: int | None = None
    ) -> None:
        settings = settings or MediaPipeSettings()
        self.identity: Mapping[str, Any] = identity(settings)
        self._settings = settings
        self._threads = threads
        self.skeleton = layout(settings)
        self._places = _Places.of(self.skeleton, full_face=settings.face == "full")
        self._graph: Any = None
        self._warm = False

    def reset(self) -> None:
        """A fresh graph for the next picture: nothing of another clip may leak into it."""
        self.close()

    def estimate(self, images: Sequence[np.ndarray]) -> list[list[Detection]]:
        return [self._one(image) for image in images]

    def close(self) -> None:
        if self._graph is not None:
            self._graph.close()
            self._graph = None
            self._warm = False

    def _process(self, image: np.ndarray) -> Any:
        picture = np.ascontiguousarray(image)
        if self._warm:
            return self._graph.process(picture)
        with _native_log_muted():
            if self._graph is None:
                self._graph = _start_graph(self._settings, self._threads)
            found = self._graph.process(picture)
        # The hand models are the last to run for the first time, and to say so.
        self._warm = getattr(found, _PRESENCE["left"]) is not None
        return found

    def _one(self, image: np.ndarray) -> list[Detection]:
        found = self._process(image)
        if found.pose_landmarks is None:
            return []
        height, width = image.shape[:2]
        points = np.full((self.skeleton.num_joints, 2), np.nan, np.float32)
        scores = np.zeros(self.skeleton.num_joints, np.float32)
        places = self._places
        body = _read_body(found.pose_landmarks)
        points[places.body] = body[places.body_source, :2]
        scores[places.body] = body[places.body_source, 2]
        for side, hand in (
            ("left", found.left_hand_landmarks),
            ("right", found.right_hand_landmarks),
        ):
            if hand is not None:
                points[places.hand[side]] = _read_points(hand)
                scores[places.hand[side]] = getattr(found, _PRESENCE[side]) or 0.0
            else:
                source = places.fallback_source[side]
                points[places.fallback[side]] = body[source, :2]
                scores[places.fallback[side]] = body[source, 2]
        if found.face_landmarks is not None:
            points[places.face] = _read_points(found.face_landmarks)[places.face_source]
            scores[places.face] = getattr(found, _PRESENCE["face"]) or 0.0
        points *= (width, height)
        points[scores <= 0] = np.nan
        return [Detection(points, np.clip(scores, 0, 1))]


@dataclasses.dataclass(frozen=True)
class _Places:
    """Which joint of the layout (V) comes from which landmark of which model."""

    body: np.ndarray
    body_source: np.ndarray
    hand: dict[str, np.ndarray]
    fallback: dict[str, np.ndarray]
    fallback_source: dict[str, np.ndarray]
    face: np.ndarray
    face_source: np.ndarray

    @classmethod
    def of(cls, skeleton: Skeleton, full_face: bool) -> _Places:
        body = get_skeleton("mediapipe33")
        own_hands = {f"{side}_{p}" for side in ("left", "right") for p in _HAND_POINTS}
        shared = [j for j in body.joints if skeleton.has(j) and j not in own_hands]
        face = dict(FACE_POINTS) | ({f"face_{i}": i for i in range(MESH_SIZE)} if full_face else {})
        fallback = {
            side: {f"{side}_{p}": f"{side}_{p}" for p in ("pinky_mcp", "index_mcp", "thumb_ip")}
            | {f"{side}_hand_root": f"{side}_wrist"}
            for side in ("left", "right")
        }
        return cls(
            body=np.array(skeleton.indices(*shared)),
            body_source=np.array(body.indices(*shared)),
            hand={
                side: np.array(skeleton.indices(*(f"{side}_{p}" for p in _HAND_POINTS)))
                for side in ("left", "right")
            },
            fallback={s: np.array(skeleton.indices(*names)) for s, names in fallback.items()},
            fallback_source={
                s: np.array(body.indices(*names.values())) for s, names in fallback.items()
            },
            face=np.array(skeleton.indices(*face)),
            face_source=np.array(list(face.values())),
        )


def layout(settings: MediaPipeSettings) -> Skeleton:
    """`mediapipe_holistic`, with the whole mesh hung on the nose for ``face: full``."""
    needed = get_skeleton("mediapipe_holistic")
    if settings.face == "needed":
        return needed
    mesh = [f"face_{i}" for i in range(MESH_SIZE)]
    tree = skeleton_to_dict(needed)
    tree["name"] = "mediapipe_holistic_mesh"
    tree["joints"] += mesh
    tree["bones"] |= dict.fromkeys(mesh, "nose")
    tree["parts"]["face"] += mesh
    return skeleton_from_dict(tree, place="mediapipe_holistic with the whole face mesh")


def _weight_files(complexity: int) -> tuple[Path, ...]:
    spec = importlib.util.find_spec("mediapipe")
    if spec is None or spec.origin is None:
        raise MissingDependency("mediapipe", "mediapipe", "the estimator 'mediapipe'")
    if complexity not in _BODY_WEIGHTS:
        raise InputError(
            "unknown MediaPipe complexity", expected="0, 1 or 2", found=str(complexity)
        )
    folder = Path(spec.origin).parent / "modules"
    files = tuple(folder / name for name in (_BODY_WEIGHTS[complexity], *_OTHER_WEIGHTS))
    if absent := [file.name for file in files if not file.exists()]:
        raise InputError(
            f"MediaPipe complexity {complexity} lacks its weights: {', '.join(absent)}",
            expected=f"the files in {folder}, since nothing is downloaded",
            found=f"mediapipe {_installed_version()}",
            remedy="use complexity 1 with mediapipe 0.10.21, whose wheel carries its weights, "
            "or put the file there",
        )
    return files


def _installed_version() -> str:
    try:
        return version("mediapipe")
    except PackageNotFoundError:
        return "of unknown version"


@cache
def _weights_hash(files: tuple[Path, ...]) -> str:
    return json_hash([file_hash(file) for file in files])


def _start_graph(settings: MediaPipeSettings, threads: int | None) -> Any:
    import mediapipe
    from mediapipe.framework import calculator_pb2
    from mediapipe.python import solution_base
    from mediapipe.python.solutions import holistic  # noqa: F401  (registers calculator options)

    graph = calculator_pb2.CalculatorGraphConfig()
    graph.ParseFromString((Path(mediapipe.__file__).parent / _GRAPH).read_bytes())
    # Threads change the speed alone: the graph gives the same numbers with any count.
    graph.num_threads = threads or 0
    streams = list(_PRESENCE.values())
    return solution_base.SolutionBase(
        graph_config=graph,
        side_inputs={
            "model_complexity": settings.complexity,
            "smooth_landmarks": False,
            "enable_segmentation": False,
            "smooth_segmentation": False,
            "refine_face_landmarks": False,
            "use_prev_landmarks": True,
        },
        calculator_params={
            "poselandmarkcpu__posedetectioncpu__TensorsToDetectionsCalculator"
            ".min_score_thresh": settings.min_detection_score,
            "poselandmarkcpu__poselandmarkbyroicpu__tensorstoposelandmarksandsegmentation"
            "__ThresholdingCalculator.threshold": settings.min_tracking_score,
        },
        outputs=[*_LANDMARKS, *streams],
        stream_type_hints=dict.fromkeys(streams, solution_base.PacketDataType.FLOAT),
    )


@contextmanager
def _native_log_muted() -> Iterator[None]:
    """Keep MediaPipe's C++ start-up chatter, which nobody can act on, off the terminal.

    It goes straight to file descriptor 2; what it says is shown only if the start fails.
    """
    sys.stderr.flush()
    with tempfile.TemporaryFile() as log:
        terminal = os.dup(2)
        os.dup2(log.fileno(), 2)
        try:
            yield
        except BaseException:
            log.seek(0)
            os.write(terminal, log.read())
            raise
        finally:
            os.dup2(terminal, 2)
            os.close(terminal)


def _read_body(landmarks: Any) -> np.ndarray:
    """(33, 3): x and y as shares of the picture, and the score."""
    return np.array(
        [(p.x, p.y, p.visibility * p.presence) for p in landmarks.landmark], dtype=np.float32
    )


def _read_points(landmarks: Any) -> np.ndarray:
    """(L, 2): x and y as shares of the picture."""
    return np.array([(p.x, p.y) for p in landmarks.landmark], dtype=np.float32)
