"""MediaPipe's graphs, put together anew from its own parts: one finds people, one follows one.

MediaPipe Holistic finds somebody by itself and goes on from there; who that is cannot be told to
it. Here the finding stands apart: `finder` gives the places of all people in a picture, and
`follower` is Holistic from the place on, which it gets with each picture and of which it says
where it will be in the next. From the same places these give the same numbers as Holistic.
"""

from __future__ import annotations

import importlib.util
import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from mgskel.core.errors import InputError, MissingDependency
from mgskel.core.storage.files import file_hash, json_hash

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
# Streams inside the graph that tell how probably a hand or face is there at all.
PRESENCE = {
    "left": _HAND_MODEL.format(1) + "__hand_presence_score",
    "right": _HAND_MODEL.format(2) + "__hand_presence_score",
    "face": "facelandmarksfromposecpu__facelandmarkcpu__face_presence_score",
}

# As in MediaPipe's modules pose_landmark and pose_detection_to_roi, for several people.
_FINDER = """
input_stream: "image"
output_stream: "detections"
output_stream: "places"
node {
  calculator: "PoseDetectionCpu"
  input_stream: "IMAGE:image"
  output_stream: "DETECTIONS:detections"
}
node {
  calculator: "ImagePropertiesCalculator"
  input_stream: "IMAGE_CPU:image"
  output_stream: "SIZE:size"
}
node {
  calculator: "AlignmentPointsRectsCalculator"
  input_stream: "DETECTIONS:detections"
  input_stream: "IMAGE_SIZE:size"
  output_stream: "NORM_RECTS:bodies"
  options { [mediapipe.DetectionsToRectsCalculatorOptions.ext] {
    rotation_vector_start_keypoint_index: 0
    rotation_vector_end_keypoint_index: 1
    rotation_vector_target_angle_degrees: 90
  } }
}
node {
  calculator: "RectTransformationCalculator"
  input_stream: "NORM_RECTS:bodies"
  input_stream: "IMAGE_SIZE:size"
  output_stream: "places"
  options { [mediapipe.RectTransformationCalculatorOptions.ext] {
    scale_x: 1.25 scale_y: 1.25 square_long: true
  } }
}
"""

# As in pose_landmark, with the place coming from outside.
_BODY = """
input_stream: "image"
input_stream: "place"
input_side_packet: "model_complexity"
input_side_packet: "smooth"
input_side_packet: "segment"
output_stream: "pose_landmarks"
output_stream: "next_place"
node {
  calculator: "ImagePropertiesCalculator"
  input_stream: "IMAGE_CPU:image"
  output_stream: "SIZE:size"
}
node {
  calculator: "PoseLandmarkByRoiCpu"
  input_stream: "IMAGE:image"
  input_stream: "ROI:place"
  input_side_packet: "MODEL_COMPLEXITY:model_complexity"
  input_side_packet: "ENABLE_SEGMENTATION:segment"
  output_stream: "LANDMARKS:raw_landmarks"
  output_stream: "AUXILIARY_LANDMARKS:raw_alignment"
  output_stream: "WORLD_LANDMARKS:raw_world"
}
node {
  calculator: "PoseLandmarkFiltering"
  input_side_packet: "ENABLE:smooth"
  input_stream: "IMAGE_SIZE:size"
  input_stream: "NORM_LANDMARKS:raw_landmarks"
  input_stream: "AUX_NORM_LANDMARKS:raw_alignment"
  input_stream: "WORLD_LANDMARKS:raw_world"
  output_stream: "FILTERED_NORM_LANDMARKS:pose_landmarks"
  output_stream: "FILTERED_AUX_NORM_LANDMARKS:alignment"
  output_stream: "FILTERED_WORLD_LANDMARKS:world"
}
node {
  calculator: "PoseLandmarksToRoi"
  input_stream: "LANDMARKS:alignment"
  input_stream: "IMAGE_SIZE:size"
  output_stream: "ROI:next_place"
}
"""

# As in holistic_landmark, from the body on.
_HANDS_AND_FACE = """
input_side_packet: "refine_face"
output_stream: "left_hand_landmarks"
output_stream: "right_hand_landmarks"
output_stream: "face_landmarks"
node {
  calculator: "HandLandmarksLeftAndRightCpu"
  input_stream: "IMAGE:image"
  input_stream: "POSE_LANDMARKS:pose_landmarks"
  output_stream: "LEFT_HAND_LANDMARKS:left_hand_landmarks"
  output_stream: "RIGHT_HAND_LANDMARKS:right_hand_landmarks"
}
node {
  calculator: "SplitNormalizedLandmarkListCalculator"
  input_stream: "pose_landmarks"
  output_stream: "face_landmarks_from_pose"
  options { [mediapipe.SplitVectorCalculatorOptions.ext] { ranges { begin: 0 end: 11 } } }
}
node {
  calculator: "FaceLandmarksFromPoseCpu"
  input_stream: "IMAGE:image"
  input_stream: "FACE_LANDMARKS_FROM_POSE:face_landmarks_from_pose"
  input_side_packet: "REFINE_LANDMARKS:refine_face"
  output_stream: "FACE_LANDMARKS:face_landmarks"
}
"""


def finder(min_score: float, threads: int | None) -> Any:
    """From an image to `detections` and `places` of the people in it."""
    from mediapipe.python.solution_base import PacketDataType

    return _start(
        _FINDER,
        threads,
        outputs=dict.fromkeys(("detections", "places"), PacketDataType.PROTO_LIST),
        parameters={"posedetectioncpu__TensorsToDetectionsCalculator.min_score_thresh": min_score},
    )


def follower(
    complexity: int, min_score: float, threads: int | None, hands_and_face: bool = True
) -> Any:
    """From an image and a place to the landmarks of the person there, and to the next place.

    The model's own smoothing is off. Without hands and face it takes half the time, and carries
    nothing from one picture to the next.
    """
    from mediapipe.python.solution_base import PacketDataType

    text, names = _BODY, ["place", "next_place", "pose_landmarks"]
    sides: dict[str, Any] = {"model_complexity": complexity, "smooth": False, "segment": False}
    outputs = {}
    if hands_and_face:
        text += _HANDS_AND_FACE
        names += ["left_hand_landmarks", "right_hand_landmarks", "face_landmarks"]
        sides["refine_face"] = False
        outputs = dict.fromkeys(PRESENCE.values(), PacketDataType.FLOAT)
    return _start(
        text,
        threads,
        outputs=dict.fromkeys(names, PacketDataType.PROTO) | outputs,
        parameters={
            "poselandmarkbyroicpu__tensorstoposelandmarksandsegmentation"
            "__ThresholdingCalculator.threshold": min_score
        },
        sides=sides,
    )


def _start(
    text: str,
    threads: int | None,
    outputs: Mapping[str, Any],
    parameters: Mapping[str, float],
    sides: Mapping[str, Any] | None = None,
) -> Any:
    # The modules of the calculators' options must be known before a text can name them.
    from google.protobuf import text_format
    from mediapipe.calculators.util import (  # noqa: F401
        detections_to_rects_calculator_pb2,
        rect_transformation_calculator_pb2,
    )
    from mediapipe.framework import calculator_pb2
    from mediapipe.python import solution_base
    from mediapipe.python.solutions import holistic  # noqa: F401

    graph = calculator_pb2.CalculatorGraphConfig()
    text_format.Parse(text, graph)
    # Threads change the speed alone: the graph gives the same numbers with any count.
    graph.num_threads = threads or 0
    return solution_base.SolutionBase(
        graph_config=graph,
        side_inputs=dict(sides or {}),
        calculator_params=dict(parameters),
        outputs=[name for name in outputs if name != "place"],
        stream_type_hints=dict(outputs),
    )


class Graph:
    """A graph that starts when it is first used, without its chatter on the terminal."""

    def __init__(self, make: Callable[[], Any]) -> None:
        self._make = make
        self._graph: Any = None
        self._warm = False

    def __call__(self, inputs: Any) -> Any:
        if self._warm:
            return self._graph.process(inputs)
        with native_log_muted():
            self._graph = self._graph or self._make()
            seen = self._graph.process(inputs)
        # The hand models are the last to run for the first time, and to say so.
        self._warm = getattr(seen, PRESENCE["left"], True) is not None
        return seen

    def pass_time(self, microseconds: int) -> None:
        """A picture that the graph does not see; its own clock goes on."""
        if self._graph is not None:
            self._graph._simulated_timestamp += microseconds

    def close(self) -> None:
        if self._graph is not None:
            self._graph.close()
            self._graph = None


def give_memory_back() -> None:
    """Return to the system what closed graphs leave behind: glibc keeps it, for each thread, and
    many clips in one process would add up to gigabytes."""
    import ctypes

    try:
        ctypes.CDLL("libc.so.6").malloc_trim(0)
    except (OSError, AttributeError):
        pass  # another C library


def weights_hash(complexity: int) -> str:
    """What the weights in the installed wheel are, as one hash; refused where one is absent."""
    return _hash_of(_weight_files(complexity))


@cache
def _hash_of(files: tuple[Path, ...]) -> str:
    return json_hash([file_hash(file) for file in files])


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


@contextmanager
def native_log_muted() -> Iterator[None]:
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
