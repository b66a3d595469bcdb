"""Scenes acted by the synthesis and measured: the chain from motion to statements is real."""

from __future__ import annotations

from pathlib import Path

import pytest
from studies.reasoning import Example, load_examples
from studies.reasoning.acting import ActedExample, act_example

SCENES = Path(__file__).resolve().parents[2] / "configs" / "scenes"


@pytest.fixture(scope="module")
def acted() -> tuple[Example, ActedExample]:
    (example,) = load_examples([SCENES / "job_interview_gap.yaml"])
    return example, act_example(example, 3)


def test_what_was_acted_is_measured(acted: tuple[Example, ActedExample]) -> None:
    example, made = acted
    kinds = {statement.kind for statement in made.example.statements}
    assert "hand_to_neck" in kinds and "hands_joined" in kinds
    assert made.left_out == ()
    for statement in made.example.statements:
        assert 0 <= statement.from_s <= statement.to_s <= example.scene.duration_s


def test_the_reference_follows_by_time(acted: tuple[Example, ActedExample]) -> None:
    example, made = acted
    ids = {statement.id: statement for statement in made.example.statements}
    measured = [ids[one] for one in made.example.reference.decisive if one in ids]
    assert measured, "some measured statement lies within a decisive gesture"
    for statement in measured:
        assert any(
            min(statement.to_s, gesture.to_s) > max(statement.from_s, gesture.from_s)
            for gesture in example.gestures
        )
    spoken = [one for one in example.reference.decisive if one[0] in "ug"]
    assert [one for one in made.example.reference.decisive if one[0] in "ug"] == spoken


def test_the_same_seed_gives_the_same_statements(acted: tuple[Example, ActedExample]) -> None:
    example, made = acted
    assert act_example(example, 3).example.fingerprint == made.example.fingerprint
