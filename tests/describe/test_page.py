"""Texts of three lengths."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from mgskel.core.sequence import PoseSequence
from mgskel.describe import Description, describe
from mgskel.describe.wording import clock, lasting


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0:00.0"),
        (3.24, "0:03.2"),
        (59.96, "1:00.0"),
        (754.3, "12:34.3"),
        (3723.45, "1:02:03.4"),
    ],
)
def test_clock(seconds: float, text: str) -> None:
    assert clock(seconds) == text


def test_durations_carry_over_to_minutes() -> None:
    assert lasting(59.94) == "59.9 s" and lasting(59.96) == "1 min 0 s"
    assert lasting(119.7) == "2 min 0 s"


def test_full_holds_every_statement_and_short_only_a_few(puppet_sequence: PoseSequence) -> None:
    description = describe(puppet_sequence)
    full, short = description.text("full"), description.text("short")
    assert all(f"[{s.id}] {s.text}" in full for s in description.statements)
    assert len(short) <= len(description.text("medium")) < len(full)


def test_a_recording_without_findings_says_so(puppet: Callable[..., object]) -> None:
    assert "Nothing was measured" in describe(puppet(3).sequence()).text()


def test_depth_is_disclaimed_for_flat_pictures(puppet_sequence: PoseSequence) -> None:
    assert "nothing is said about depth" in describe(puppet_sequence).text()


def test_many_repetitions_become_one_line(puppet: Callable[..., object]) -> None:
    doll = puppet(120)
    for start in range(5, 110, 10):
        doll.reach("right", "nose", start, start + 2)
    text = describe(doll.sequence()).text("medium")
    assert "The right hand touched the nose on 11 occasions between 0:0" in text


def test_an_hour_becomes_a_page(puppet_sequence: PoseSequence) -> None:
    import dataclasses

    once = describe(puppet_sequence)
    hour = tuple(
        dataclasses.replace(s, id=f"s{n * len(once.statements) + k}", from_s=s.from_s + 20 * n,
                            to_s=s.to_s + 20 * n)
        for n in range(180)
        for k, s in enumerate(once.statements)
    )  # fmt: skip
    text = Description(hour, {"duration_s": 3600.0}, "hour").text("medium")
    assert len(text.splitlines()) < 45
