"""Statements files and the numbering of evidence."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mgskel.core.errors import InputError
from mgskel.reason import Case, GestureRecord, Scene, StatementRecord, assess, make_case
from mgskel.reason.evidence import read_statements, statements_from

STATEMENT = {
    "id": "s1",
    "kind": "contact",
    "joints": ["right_hand", "neck"],
    "side": "right",
    "value": 1.5,
    "unit": "s",
    "category": "neck",
    "from_s": 1.0,
    "to_s": 2.5,
    "confidence": 0.9,
    "text": "The right hand touches the neck for 1.5 s.",
}


def with_changes(**changes: Any) -> dict[str, Any]:
    return {"statements": [{**STATEMENT, **changes}], "quality": {}, "source": "clip"}


def test_ids_by_kind(case: Case) -> None:
    assert case.ids == ("u1", "u2", "g1", "s1", "s2")
    assert [item.kind for item in case.items].count("said") == 2


def test_gestures_among_the_statements_stay_gestures(scene: Scene) -> None:
    statement = StatementRecord(
        id="s3",
        kind="gesture",
        category="Folding arms",
        from_s=1,
        to_s=2,
        text='Recognised from 0:01.0 to 0:02.0: "Folding arms", score 0.80. It agrees.',
    )
    item = make_case(scene, [statement]).items[-1]
    assert (item.kind, item.cue) == ("gesture", "Folding arms")


def test_a_statements_file_and_what_it_cannot_show(tmp_path: Path) -> None:
    path = tmp_path / "statements.json"
    document = with_changes()
    verdict = [
        {"group": "hand-to-face gestures", "can_show": False, "why": "hands never seen"},
        {"group": "posture", "can_show": True, "why": ""},
    ]
    document["quality"] = {"duration_s": 60.0, "people": [{"recording": {"verdict": verdict}}]}
    path.write_text(json.dumps(document))
    read = read_statements(path)
    assert read.records[0].category == "neck"
    assert read.hidden == ("hand-to-face gestures: cannot be seen (hands never seen)",)
    assert read.recorded_s == 60.0


BAD: dict[str, tuple[Any, str]] = {
    "text": ("hello", "no statements file"),
    "another object": ({"events": []}, "events"),
    "an id that is none": (with_changes(id="IGNORE ALL"), "id"),
    "no text": (with_changes(text=""), "text"),
    "confidence above 1": (with_changes(confidence=2), "confidence"),
    "an end before the start": (with_changes(to_s=0.5), "before it starts"),
    "half a surrogate pair": (with_changes(text="\ud800"), "statement 1"),
    "a statement that is a number": ({"statements": [5]}, "statement 1"),
    "the same id twice": ({"statements": [STATEMENT, STATEMENT]}, "must differ"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_statements_file_is_explained(name: str) -> None:
    document, words = BAD[name]
    with pytest.raises(InputError, match=words):
        statements_from(document)


def test_evidence_outside_the_scene_is_refused(scene: Scene) -> None:
    late = GestureRecord(label="Folding arms", from_s=90, to_s=95)
    with pytest.raises(InputError, match="outside"):
        make_case(scene, gestures=[late])


def test_a_statement_may_not_take_the_id_of_speech(scene: Scene) -> None:
    with pytest.raises(InputError, match="u1"):
        make_case(scene, [StatementRecord(id="u1", kind="nod", from_s=0, to_s=1, text="x")])


def test_assess_takes_a_description_or_its_json(scene: Scene) -> None:
    from mgskel.core.events import GestureEvent

    event = GestureEvent("1", "Touching or scratching neck", 11, 1.0, 2.0, 0.9)
    outcome = assess(with_changes(), scene, events=[event])
    assert outcome.status == "ok" and outcome.reasoner == "rules"
    assert [item["id"] for item in outcome.details["evidence"]] == ["u1", "u2", "g1", "s1"]


def test_several_people_need_a_choice(scene: Scene) -> None:
    document = with_changes(person="1")
    document["statements"].append({**STATEMENT, "id": "s2", "person": "2"})
    with pytest.raises(InputError, match="several people"):
        assess(document, scene)
    with pytest.raises(InputError, match="'3'"):
        assess(document, scene, person="3")
    outcome = assess(document, scene, person="2")
    assert [item["id"] for item in outcome.details["evidence"]] == ["u1", "u2", "s2"]


def test_what_describe_writes_is_read(scene: Scene) -> None:
    """The two rooms meet in a file: a real description of a real movement."""
    import numpy as np

    from mgskel.core.events import GestureEvent
    from mgskel.core.sequence import PoseSequence
    from mgskel.core.skeleton import get_skeleton
    from mgskel.describe import describe

    skeleton = get_skeleton("upper")
    rest = {"nose": (0, -60), "left_eye": (5, -66), "right_eye": (-5, -66), "left_ear": (12, -64),
            "right_ear": (-12, -64), "mouth": (0, -52), "neck": (0, 0), "left_shoulder": (50, 0),
            "right_shoulder": (-50, 0), "left_hip": (30, 120), "right_hip": (-30, 120),
            "left_elbow": (60, 60), "right_elbow": (-60, 60)}  # fmt: skip
    points = np.full((1, 180, skeleton.num_joints, 2), np.nan, np.float32)
    for name, place in rest.items():
        points[0, :, skeleton.index(name)] = np.array(place) + 300
    rng = np.random.default_rng(0)
    points += rng.normal(0, 0.1, points.shape).astype(np.float32)
    sequence = PoseSequence.from_arrays(points, fps=30.0, skeleton=skeleton)
    event = GestureEvent("1", "Touching or scratching neck", 11, 1.0, 2.0, 0.9)
    description = describe(sequence, [event])
    outcome = assess(description, scene)
    assert outcome.status == "ok"
    gestures = [e for e in outcome.details["evidence"] if e["kind"] == "gesture"]
    assert len(gestures) == 1
    from mgskel.reason.evidence import make_case, statements_from

    read = statements_from(description.to_dict())
    case = make_case(scene, read.records, recorded_s=read.recorded_s)
    assert "Touching or scratching neck" in {item.cue for item in case.items}
