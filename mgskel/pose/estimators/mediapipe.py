"""MediaPipe Holistic: body, both hands and the needed face points of everybody in the picture.

Runs the Holistic models (complexity 1) whose weights lie in the wheel; nothing is downloaded. Each
person has a run of its own, see `mediapipe_people`.
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
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from types import MappingProxyType
from typing import Annotated, Any, Literal

import numpy as np

from mgskel.core.config import Between
from mgskel.core.skeleton import Skeleton, get_skeleton, skeleton_from_dict, skeleton_to_dict
from mgskel.pose.estimator import Detection, estimator, option
from mgskel.pose.estimators.mediapipe_follower import Follower
from mgskel.pose.estimators.mediapipe_graphs import PRESENCE, give_memory_back, weights_hash
from mgskel.pose.estimators.mediapipe_people import Followers

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
    """`face`: only the points that micro-gestures need, or the whole mesh of 468.

    `most_people` are followed at once; each who may be asked for costs the time of one.
    """

    face: Literal["needed", "full"] = option(
        "needed", "--face", "face points to store: needed or full"
    )
    complexity: Annotated[int, Between(0, 2)] = 1
    min_detection_score: Annotated[float, Between(0, 1)] = 0.5
    min_tracking_score: Annotated[float, Between(0, 1)] = 0.5
    most_people: Annotated[int, Between(1, 50)] = 4


def identity(settings: MediaPipeSettings) -> dict[str, Any]:
    """Name, version, weights' hash and settings, without starting the models."""
    hashes = weights_hash(settings.complexity)
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
        self._keep = "all"
        self._people: Followers | None = None
        self._last: dict[int, tuple[np.ndarray, np.ndarray]] = {}

    def reset(self) -> None:
        """A fresh start with the next picture: nothing of another clip may leak into it."""
        self.close()

    def attend(self, keep: str) -> None:
        """Others than may be asked for are glimpsed only: roughly followed."""
        self._keep = keep

    def estimate(self, images: Sequence[np.ndarray]) -> list[list[Detection]]:
        if self._people is None:
            chosen = self._settings
            self._people = Followers(
                chosen.most_people,
                chosen.complexity,
                chosen.min_detection_score,
                chosen.min_tracking_score,
                self._threads,
                self._keep,
            )
        return [
            [self._detection(one, image) for one in self._people.step(image)] for image in images
        ]

    @property
    def notes(self) -> tuple[str, ...]:
        """What could not be done in the clip so far."""
        most = self._settings.most_people
        if self._people is None or self._people.most_seen <= most:
            return ()
        return (
            f"{self._people.most_seen} people were in the picture at once, and {most} followed; "
            f"--estimator.mediapipe.most_people {self._people.most_seen} follows all",
        )

    def close(self) -> None:
        if self._people is not None:
            self._people.close()
            self._people = None
            self._last = {}
            give_memory_back()

    def _detection(self, one: Follower, image: np.ndarray) -> Detection:
        if one.fresh or one.run not in self._last:
            self._last[one.run] = self.read(one.seen, one.glimpsed, image)
        points, scores = self._last[one.run]
        return Detection(
            points + one.moved,
            scores,
            one.run if self._settings.most_people > 1 else None,
            one.glimpsed,
        )

    def read(self, found: Any, glimpsed: bool, image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Points (V, 2) in pixels, NaN where there are none, and their scores (V,)."""
        height, width = image.shape[:2]
        points = np.full((self.skeleton.num_joints, 2), np.nan, np.float32)
        scores = np.zeros(self.skeleton.num_joints, np.float32)
        places = self._places
        body = _read_body(found.pose_landmarks)
        points[places.body] = body[places.body_source, :2]
        scores[places.body] = body[places.body_source, 2]
        for side in ("left", "right"):
            hand = getattr(found, f"{side}_hand_landmarks", None)
            if hand is not None:
                points[places.hand[side]] = _read_points(hand, range(len(_HAND_POINTS)))
                scores[places.hand[side]] = getattr(found, PRESENCE[side]) or 0.0
            else:
                source = places.fallback_source[side]
                points[places.fallback[side]] = body[source, :2]
                scores[places.fallback[side]] = body[source, 2]
        if not glimpsed and found.face_landmarks is not None:
            points[places.face] = _read_points(found.face_landmarks, places.face_source)
            scores[places.face] = getattr(found, PRESENCE["face"]) or 0.0
        points *= (width, height)
        points[scores <= 0] = np.nan
        return points, np.clip(scores, 0, 1)


@dataclasses.dataclass(frozen=True)
class _Places:
    """Which joint of the layout (V) comes from which landmark of which model."""

    body: np.ndarray
    body_source: np.ndarray
    hand: dict[str, np.ndarray]
    fallback: dict[str, np.ndarray]
    fallback_source: dict[str, np.ndarray]
    face: np.ndarray
    face_source: Sequence[int]

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
            face_source=tuple(face.values()),
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


def _read_body(landmarks: Any) -> np.ndarray:
    """(33, 3): x and y as shares of the picture, and the score."""
    return np.array(
        [(p.x, p.y, p.visibility * p.presence) for p in landmarks.landmark], dtype=np.float32
    )


def _read_points(landmarks: Any, which: Sequence[int]) -> np.ndarray:
    """(L, 2): x and y as shares of the picture."""
    marks = landmarks.landmark
    return np.array([(marks[i].x, marks[i].y) for i in which], dtype=np.float32)
