"""Records, their file, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mgskel.core.errors import InputError
from mgskel.core.events import GestureEvent
from mgskel.core.sequence import PoseSequence
from mgskel.describe import Description, describe

KEYS = ("id", "kind", "joints", "side", "value", "unit", "category", "from_s", "to_s",
        "confidence", "text")  # fmt: skip
OPTIONAL = ("person", "measured", "source", "count", "rate_hz", "amplitude", "guessed")


def test_the_file_has_the_agreed_shape_and_reads_back(
    puppet_sequence: PoseSequence, tmp_path: Path
) -> None:
    description = describe(puppet_sequence)
    description.save(tmp_path / "statements.json")
    tree = json.loads((tmp_path / "statements.json").read_text())
    assert set(tree) == {"statements", "quality", "source"}
    for entry in tree["statements"]:
        assert tuple(entry)[: len(KEYS)] == KEYS and set(entry) <= {*KEYS, *OPTIONAL}
    by_kind = {entry["kind"]: entry for entry in tree["statements"]}
    assert by_kind["head_nod"]["count"] == 4 and "count" not in by_kind["head_turn"]
    read = Description.load(tmp_path / "statements.json")
    assert read.statements == description.statements and read.source == "puppet"
    assert read.text("full") == description.text("full")


def test_the_same_recording_gives_the_same_words(puppet_sequence: PoseSequence) -> None:
    once, again = describe(puppet_sequence), describe(puppet_sequence)
    assert once.to_dict() == again.to_dict()


def test_statements_lie_inside_the_recording_and_are_ordered(puppet_sequence: PoseSequence) -> None:
    statements = describe(puppet_sequence).statements
    assert [s.id for s in statements] == [f"s{n}" for n in range(1, len(statements) + 1)]
    assert all(0 <= s.from_s <= s.to_s <= puppet_sequence.duration_s for s in statements)
    assert all(0 < s.confidence <= 1 for s in statements)
    assert [s.from_s for s in statements] == sorted(s.from_s for s in statements)


def test_people_are_named_where_there_are_several(puppet_sequence: PoseSequence) -> None:
    import numpy as np

    mirrored = puppet_sequence.mirrored()
    pair = puppet_sequence.replace(
        keypoints=np.concatenate([puppet_sequence.keypoints, mirrored.keypoints]),
        scores=np.concatenate([puppet_sequence.scores, mirrored.scores]),
        people=("anna", "ben"),
    )
    event = GestureEvent("ben", "Touching nose", -1, 2.0, 4.0, 0.8, True)
    description = describe(pair, [event])
    assert {s.person for s in description.statements} == {"anna", "ben"}
    ids = [s.id for s in description.statements]
    assert len(set(ids)) == len(ids)
    assert all(s.text.startswith(f"Person {s.person}: ") for s in description.statements)
    (gesture,) = [s for s in description.statements if s.kind == "gesture"]
    assert gesture.person == "ben" and gesture.measured == "agrees"
    sides = {(s.person, s.side) for s in description.statements if s.category == "touching"}
    assert sides == {("anna", "right"), ("ben", "left")}
    assert Description.from_dict(description.to_dict()).statements == description.statements


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"side": "up"}, "side"),
        ({"from_s": "soon"}, "from_s"),
        ({"from_s": 99.0}, "ends at"),
        ({"confidence": float("nan")}, "confidence"),
        ({"joints": "nose"}, "joints"),
        ({"value": "much"}, "value"),
        ({"text": 3}, "text"),
        ({"surprise": 1}, "not a statement"),
    ],
)
def test_a_wrong_statement_is_refused_by_name(
    puppet_sequence: PoseSequence, change: dict[str, object], word: str
) -> None:
    tree = describe(puppet_sequence).to_dict()
    tree["statements"][0].update(change)
    with pytest.raises(InputError, match=word):
        Description.from_dict(tree)


@pytest.mark.parametrize("tree", [[], {}, {"statements": 3}, {"statements": [1]}, "text"])
def test_other_files_are_refused(tree: object) -> None:
    with pytest.raises(InputError):
        Description.from_dict(tree)


def test_ids_given_twice_are_refused(puppet_sequence: PoseSequence) -> None:
    tree = describe(puppet_sequence).to_dict()
    tree["statements"][1]["id"] = tree["statements"][0]["id"]
    with pytest.raises(InputError, match="twice: s1"):
        Description.from_dict(tree)


def test_ranking_prefers_what_tells_more(puppet_sequence: PoseSequence) -> None:
    ranked = describe(puppet_sequence).ranked()
    kinds = [(s.kind, s.category) for s in ranked]
    assert kinds.index(("hand_to_nose", "touching")) < kinds.index(("hand_to_nose", "leaving"))
    assert describe(puppet_sequence).ranked(2) == ranked[:2]
