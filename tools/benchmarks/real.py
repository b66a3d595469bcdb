"""What the recognizer says of real people: right gestures, and events where nothing happens.

    python tools/benchmark.py real --data DIR [--model RUN] [--json]

DIR holds `real_symptoms`, `real_standing`, `real_desk` and `head_motion` (.npz); sets that are
not there are left out. A label says what a person was asked to do, so a clip shows one gesture
in a hundred ways, and a few clips show none: read the figures in the large. Nothing that ships
may be trained on these sets, `head_motion` excepted.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from benchmarks._command import options

from mgskel.core.errors import InputError
from mgskel.core.events import GestureEvent
from mgskel.core.machine.threads import set_threads
from mgskel.core.sequence import PoseSequence
from mgskel.core.storage.files import to_json
from mgskel.formats import read
from mgskel.spotting import Recognizer
from mgskel.spotting.decision.decision_rule import DEFAULT_SENSITIVITY

_UPPER = ("touching upper face", "touching head or hair", "touching ear")
_LOWER, _NECK = ("touching lower face",), ("touching neck or collar",)
_TALK = ("illustrating",)
_NOTHING: tuple[str, ...] = ()

# Set to label to the gestures that are right; none of them where nothing should be said.
# Labels that are not here may show anything: their events are only counted.
MEANING: dict[str, dict[str, tuple[str, ...]]] = {
    "real_symptoms": {
        "headache": _UPPER,
        "fever": _UPPER,
        "runny nose": _LOWER,
        "sore throat": _NECK,
        "sore thraot": _NECK,
        "no hand detected": _NOTHING,
        "no hands detected": _NOTHING,
    },
    "real_standing": {
        "shrug": ("shrugging",),
        "attention": _TALK,
        "stop": _TALK,
        "turnback": _TALK,
        "static": _NOTHING,
    },
    # Somebody is idle in three ways: hands down; one hand at the face or neck, mostly at the
    # chin; both hands together, mostly before the chin. `hand_near` measures it.
    "real_desk": {
        "idle_0": _NOTHING,
        "idle_1": (*_LOWER, *_UPPER, *_NECK, "covering face"),
        "idle_2": ("hands together", *_LOWER, *_NECK),
    },
    "head_motion": {
        "nodding": ("nodding",),
        "turning": ("shaking head", "turning head"),
        "stationary": _NOTHING,
    },
}
_CLIP_FRAMES = 60
# Shoulder widths, and share of the frames.
_NEAR, _NEAR_SHARE = 0.5, 1 / 3
_HEAD_PICTURE, _HEAD_FPS = (640, 480), 30.0
_HEAD_JOINTS = ("right_eye", "left_eye", "nose", "mouth", "right_ear", "left_ear")
# Typical of the people in the other sets: a face's shoulders, in distances between its eyes.
_SHOULDERS_APART, _SHOULDERS_BELOW_NOSE = 4.8, 3.3


@dataclass(frozen=True)
class Row:
    """What was said of the clips with one label.

    Attributes:
        kind: 'gesture', 'nothing' (should be said) or 'open' (may show anything).
        first, first_three: share of clips in which a right gesture is the likeliest, or among
            the three likeliest, judged as cut clips.
        event, group: share with a right gesture among the events, or at least one of its body
            group.
        wrong: share with a wrong gesture named among the events, beside a right one or not.
        hand: share in which a hand is near the face, the neck or the other hand, as measured.
        silent: share without any event; `unfounded` without such a hand, but with an event.
        events: events of all clips together; `said` names the most frequent ones.
    """

    label: str
    kind: str
    n: int
    first: float | None
    first_three: float | None
    event: float | None
    group: float | None
    wrong: float | None
    hand: float
    silent: float
    unfounded: float
    events: int
    said: dict[str, int]


def main(argv: list[str] | None = None) -> int:
    parser = options(__name__, __doc__)
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="the sets' folder")
    parser.add_argument("--model", type=Path, metavar="RUN", help="default: the shipped recognizer")
    parser.add_argument("--sets", default=",".join(MEANING), help="which, comma-separated")
    parser.add_argument("--sensitivity", type=float, default=DEFAULT_SENSITIVITY)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    arguments = parser.parse_args(argv)
    set_threads(1)
    spotter = Recognizer.load(arguments.model)
    results = measure(spotter, arguments.data, arguments.sets.split(","), arguments.sensitivity)
    summary = summarised([row for rows in results.values() for row in rows])
    if arguments.json:
        sets = {name: [asdict(row) for row in rows] for name, rows in results.items()}
        tree = {"model": spotter.name, "fingerprint": spotter.fingerprint}
        sys.stdout.write(to_json({**tree, "sets": sets, "summary": summary}))
    else:
        sys.stdout.write(table(results, summary))
    return 0


def measure(
    spotter: Recognizer,
    folder: Path,
    names: Sequence[str],
    sensitivity: float = DEFAULT_SENSITIVITY,
) -> dict[str, list[Row]]:
    """One row per label of each set that is there."""
    there = [name for name in names if (folder / f"{name}.npz").exists()]
    if not there:
        raise InputError(
            "none of the real sets is there",
            place=folder,
            expected=", ".join(f"{name}.npz" for name in names),
            found="none of them",
        )
    return {
        name: [
            judged(spotter, label, clips, MEANING[name].get(label), sensitivity)
            for label, clips in clips_by_label(folder / f"{name}.npz").items()
        ]
        for name in there
    }


def clips_by_label(path: Path) -> dict[str, list[PoseSequence]]:
    """The clips of a set."""
    if path.stem == "head_motion":
        return {label: list(_head_clips(path, label)) for label in MEANING[path.stem]}
    data = read(path)
    if data.class_names is None:
        raise InputError("the set has no named labels", place=path)
    return {
        name: [one.sequence for one in data if one.label == number]
        for number, name in enumerate(data.class_names)
    }


def _head_clips(path: Path, label: str) -> Iterator[PoseSequence]:
    """Faces on still shoulders, which the set lacks, two seconds at a time."""
    with np.load(path, allow_pickle=False) as archive:
        columns = [str(name) for name in archive["feature_names"]]
        values = archive[label]
    points = np.stack(
        [
            values[:, [columns.index(f"{joint.upper()}_{axis}") for joint in _HEAD_JOINTS]] * extent
            for axis, extent in zip("XY", _HEAD_PICTURE, strict=True)
        ],
        axis=-1,
    )
    for start in range(0, len(points) - _CLIP_FRAMES + 1, _CLIP_FRAMES):
        yield _on_still_shoulders(points[start : start + _CLIP_FRAMES])


def _on_still_shoulders(face: np.ndarray) -> PoseSequence:
    """A recording of a face's points (T, 6, 2), in the order of `_HEAD_JOINTS`."""
    usual = np.median(face, axis=0)
    eyes = float(np.linalg.norm(usual[0] - usual[1]))
    below = usual[2] + np.array([0, _SHOULDERS_BELOW_NOSE * eyes])
    aside = np.array([_SHOULDERS_APART * eyes / 2, 0])
    # Seen from the front, the left side is on the right of the picture.
    sign = np.sign(usual[1, 0] - usual[0, 0])
    body = {"neck": below, "left_shoulder": below + sign * aside,
            "right_shoulder": below - sign * aside}  # fmt: skip
    layout = PoseSequence.from_arrays(
        np.full((1, 1, 27, 2), np.nan), fps=_HEAD_FPS, skeleton="upper"
    ).skeleton
    points = np.full((len(face), layout.num_joints, 2), np.nan)
    points[:, list(layout.indices(*_HEAD_JOINTS))] = face
    points[:, list(layout.indices(*body))] = np.stack(list(body.values()))
    # The shoulders may lie below the picture, so nothing is said of its size.
    return PoseSequence.from_arrays(points, fps=_HEAD_FPS, skeleton=layout, unit="pixel")


def judged(
    spotter: Recognizer,
    label: str,
    clips: Sequence[PoseSequence],
    right: tuple[str, ...] | None,
    sensitivity: float = DEFAULT_SENSITIVITY,
) -> Row:
    """What the recognizer says of clips of one label.

    Args:
        right: the right gestures; empty where nothing should be said, none where anything may.
    """
    found = [spotter.spot(clip, sensitivity) for clip in clips]
    near = np.array([hand_near(clip) for clip in clips])
    unfounded = float(
        np.mean([bool(ev) and not hand for ev, hand in zip(found, near, strict=True)])
    )
    said: dict[str, int] = {}
    for event in (event for events in found for event in events):
        said[event.label] = said.get(event.label, 0) + 1
    often = dict(sorted(said.items(), key=lambda item: -item[1])[:4])
    silent = float(np.mean([not events for events in found]))
    total = sum(said.values())
    if not right:
        kind = "open" if right is None else "nothing"
        return Row(
            label, kind, len(clips), None, None, None, None, None,
            float(near.mean()), silent, unfounded, total, often,
        )  # fmt: skip
    wanted = {spotter.vocabulary.by_name(name).id for name in right}
    groups = {spotter.vocabulary.by_id(i).group for i in wanted}
    ranked = [np.argsort(-spotter.classify(clip)) for clip in clips]
    return Row(
        label=label,
        kind="gesture",
        n=len(clips),
        first=float(np.mean([order[0] in wanted for order in ranked])),
        first_three=float(np.mean([bool(wanted & set(order[:3])) for order in ranked])),
        event=float(np.mean([any(e.class_id in wanted for e in events) for events in found])),
        group=float(np.mean([any(e.group in groups for e in events) for events in found])),
        wrong=float(np.mean([any(_named(e) - wanted for e in events) for events in found])),
        hand=float(near.mean()),
        silent=silent,
        unfounded=unfounded,
        events=total,
        said=often,
    )


def _named(event: GestureEvent) -> set[int]:
    """The gesture that an event names; none where only the body group is clear."""
    return {event.class_id} if event.level == "gesture" else set()


def hand_near(clip: PoseSequence) -> bool:
    """Whether for a third of a clip a hand is near the face, the neck or the other hand."""
    body = clip.to_skeleton("upper", allow_missing=True)
    points, layout = body.keypoints[0], body.skeleton
    hands = [
        points[:, [layout.index(f"{side}_{part}") for part in ("wrist", "index_tip")]]
        for side in ("left", "right")
    ]
    head = points[:, list(layout.indices("nose", "mouth", "neck", "left_ear", "right_ear"))]
    shoulders = points[:, list(layout.indices("left_shoulder", "right_shoulder"))]
    width = np.linalg.norm(shoulders[:, 0] - shoulders[:, 1], axis=-1)
    pairs = ((hands[0], head), (hands[1], head), (hands[0], hands[1]))
    with np.errstate(invalid="ignore"):
        close = [np.linalg.norm(a[:, :, None] - b[:, None], axis=-1) for a, b in pairs]
        near = [(way < _NEAR * width[:, None, None]).any((1, 2)) for way in close]
    return bool(np.any(near, axis=0).mean() >= _NEAR_SHARE)


def summarised(rows: Sequence[Row]) -> dict[str, float | None]:
    """Means over labels, each counting alike; labels that may show anything are left out."""
    shown = [row for row in rows if row.kind == "gesture"]
    quiet = [row for row in rows if row.kind == "nothing"]

    def mean(values: Sequence[float | None]) -> float | None:
        return float(np.mean([v for v in values if v is not None])) if values else None

    return {
        **{name: mean([getattr(row, name) for row in shown])
           for name in ("first", "first_three", "event", "group", "wrong")},
        "silent": mean([row.silent for row in quiet]),
        "unfounded": mean([row.unfounded for row in quiet]),
    }  # fmt: skip


def table(results: dict[str, list[Row]], summary: dict[str, float | None]) -> str:
    """For reading: shares of clips, by set and label."""
    lines = [
        f"{'':<20}{'n':>4} {'first':>6} {'in 3':>6} {'event':>6} {'group':>6} {'wrong':>6} "
        f"{'hand':>6} {'silent':>6} {'unfd':>6} {'events':>6}  said most"
    ]
    for name, rows in results.items():
        lines.append(name)
        for row in sorted(rows, key=lambda r: ("gesture", "nothing", "open").index(r.kind)):
            cells = " ".join(
                f"{'-' if share is None else format(share, '.2f'):>6}"
                for share in (
                    row.first,
                    row.first_three,
                    row.event,
                    row.group,
                    row.wrong,
                    row.hand,
                    row.silent,
                    row.unfounded,
                )
            )
            said = ", ".join(f"{label} {count}" for label, count in row.said.items())
            mark = {"gesture": " ", "nothing": "0", "open": "?"}[row.kind]
            lines.append(f"{mark} {row.label:<18}{row.n:>4} {cells} {row.events:>6}  {said}")
    cells = ", ".join(
        f"{name} {'-' if value is None else format(value, '.3f')}"
        for name, value in summary.items()
    )
    return "\n".join(
        [*lines, "0: nothing should be said; ?: anything may be shown, not in the means; "
         "unfd: an event, but no hand near the face, the neck or the other hand",
         f"means over labels: {cells}"]
    ) + "\n"  # fmt: skip
