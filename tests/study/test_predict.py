"""Told from gestures of people never seen: yes where something was planted, no where not."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from studies.comparison.simulated import Design, invented_movement, invented_summary

from mgskel.cli import main
from mgskel.core.errors import InputError
from mgskel.study.prediction import _shuffled, predict
from mgskel.study.tables import csv_text

PLANTED = Design(people=20, ratio=4, changed=2, spread=0.3)
EMPTY = Design(people=20, ratio=1)


def told(design: Design, seed: int = 0, moving: float = 0.0, **settings: int):
    summary = invented_summary(design, seed)
    movement = invented_movement(summary, moving, seed)
    return predict(summary, movement, "condition", **{"permutations": 9, **settings})


def test_a_planted_difference_is_told_and_its_gestures_named() -> None:
    found = told(PLANTED, permutations=39)
    assert found.told and found.balanced > 0.75 and found.p <= 0.05
    assert found.low <= found.balanced <= found.high
    assert {c.name for c in found.carriers[:2]} == {"g0", "g1"}
    assert all(c.towards == "b" for c in found.carriers[:2])
    assert found.sentences()[0].startswith("Yes")
    assert "judges no single person" in found.sentences()[2]
    assert found.movement < found.balanced


def test_where_nothing_differs_the_answer_is_no() -> None:
    found = told(EMPTY, seed=4)
    assert not found.told and found.sentences()[0].startswith("No")


def test_movement_alone_is_a_rival_that_may_do_as_well() -> None:
    found = told(Design(people=20, ratio=2.2, spread=0.3), moving=4.0)
    assert found.movement > 0.9
    assert found.beyond_movement[0] <= 0
    assert not found.told or "no more than movement" in found.sentences()[1]


def test_conditions_are_shuffled_among_people_or_within_them() -> None:
    rng = np.random.default_rng(0)
    people = np.repeat(np.arange(6), 2)
    between = np.repeat([0, 0, 0, 1, 1, 1], 2)
    for _ in range(20):
        other = _shuffled(between, people, rng).reshape(6, 2)
        assert (other[:, 0] == other[:, 1]).all() and other.sum() == 6
    within = np.tile([0, 1], 6)
    for _ in range(20):
        assert (_shuffled(within, people, rng).reshape(6, 2).sum(1) == 1).all()


def test_people_with_both_conditions_are_held_out_whole() -> None:
    found = told(Design(people=16, within=True, ratio=4, changed=2, spread=0.4))
    assert (found.recordings, found.participants) == (32, 16)
    assert found.balanced > 0.7


def test_too_few_people_are_refused() -> None:
    with pytest.raises(InputError, match="too few participants to hold some out"):
        told(Design(people=4))


def test_the_command_answers_beside_the_comparison(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    summary = invented_summary(PLANTED, 0)
    (tmp_path / "summary.csv").write_text(csv_text(summary))
    (tmp_path / "observable.csv").write_text(csv_text(invented_movement(summary, 0.0, 0)))
    words = ["--by", "condition", "--predict", "--permutations", "9", "--json", "-q"]
    assert main(["compare", str(tmp_path), *words, "-o", str(tmp_path / "out")]) == 0
    answer = json.loads(capsys.readouterr().out)["prediction"]
    assert answer["shuffled"] == 9 and "never seen" in answer["answer"]
    assert "Can it be told" in (tmp_path / "out" / "compare_condition.html").read_text()
    old = pd.read_csv(tmp_path / "observable.csv").drop(columns="movement")
    (tmp_path / "observable.csv").write_text(old.to_csv(index=False))
    assert main(["compare", str(tmp_path), *words]) == 2
    assert "how much people moved" in capsys.readouterr().err
