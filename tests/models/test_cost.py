"""Counted costs agree with counting by hand."""

from __future__ import annotations

from studies.recognition.cost import count_params, measure_cost

from mgskel.models import create_model


def test_hand_count() -> None:
    model = create_model("stgcn", "natops8", 3, fusion="off", channels=(12,))
    v, t, c = 8, 10, 12
    tokens = v * t
    # Entry, three graphs, their mix, the way into the branches, four narrow filters of 5 frames.
    width = c // 6
    by_hand = tokens * (3 * c + 3 * v * c + 3 * c * c + c * c + 4 * 5 * width * width) + 3 * c
    assert measure_cost(model, frames=t).macs == by_hand


def test_cost_grows_with_length_people_and_fusion() -> None:
    plain = create_model("light", "natops8", 3, fusion="off")
    fused = create_model("light", "natops8", 3, fusion="gates")
    short = measure_cost(plain, frames=16)
    assert 1.9 < measure_cost(plain, frames=32).macs / short.macs < 2.1
    assert 1.9 < measure_cost(plain, frames=16, people=2).macs / short.macs < 2.1
    with_fusion = measure_cost(fused, frames=16)
    assert short.macs < with_fusion.macs < 1.05 * short.macs
    assert with_fusion.params == count_params(fused) > short.params
