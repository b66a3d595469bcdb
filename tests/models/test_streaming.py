"""Piece by piece is all at once, whatever the pieces and the network."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch

from mgskel.core.errors import InputError
from mgskel.models import Stream, fold, list_models
from mgskel.models.fusion.insertion import set_window

if TYPE_CHECKING:
    from conftest import Tiny

SIZES = {"light": {"follow_sample": False}, "stgcn": {}, "gat": {}, "heatmap": {}}
FOLLOWERS = [*SIZES.items(), ("light", {"follow_sample": False, "causal": True})]
WINDOW = 30


def test_every_network_but_one_can_follow() -> None:
    assert set(list_models()) - set(SIZES) == {"ctrgcn"}


@pytest.mark.parametrize("fusion", ("off", "on", "gates"))
@pytest.mark.parametrize(("name", "sizes"), FOLLOWERS)
def test_answers_do_not_depend_on_the_pieces(
    tiny: Tiny, name: str, sizes: dict[str, bool], fusion: str
) -> None:
    model = tiny.model(name, fusion, "natops8", **sizes)
    set_window(model, WINDOW)
    rng = np.random.default_rng(0)
    for frames in (1, 7, 110):
        x = tiny.batch("natops8", n=2, frames=frames, people=1)
        mask = tiny.holes(x)
        with torch.inference_mode():
            whole = model.forward_frames(x, mask)[:, 0]
        for largest in (1, 40):
            stream, parts, begin = Stream(model, sequences=2), [], 0
            while begin < frames:
                here = slice(begin, begin + int(rng.integers(1, largest + 1)))
                parts.append(stream.push(x[:, :, here, :, 0], mask[:, here, :, 0]))
                begin = here.stop
            answers = torch.cat([*parts, stream.finish()], 1)
            assert answers.shape == whole.shape
            assert (answers - whole).abs().max() < 1e-4


@pytest.mark.parametrize("fusion", ("on", "gates"))
@pytest.mark.parametrize("causal", (False, True))
def test_an_answer_rests_on_its_span_alone(tiny: Tiny, fusion: str, causal: bool) -> None:
    model = tiny.model("light", fusion, "natops8", follow_sample=False, causal=causal)
    set_window(model, WINDOW)
    assert model.span is not None
    x = tiny.batch("natops8", n=1, frames=160, people=1)
    changed = x.clone()
    changed[:, :, 80] += 1
    moved = (model.forward_frames(x) - model.forward_frames(changed))[0, 0].abs().amax(1) > 1e-6
    places = model.time_stride * torch.nonzero(moved).flatten()
    assert 80 - model.span.ahead <= places.min() <= 80 < places.max() <= 80 + model.span.back


def test_what_sees_the_past_alone_answers_within_its_stem(tiny: Tiny) -> None:
    for fusion in ("off", "gates"):
        model = tiny.model("light", fusion, "natops8", follow_sample=False, causal=True)
        set_window(model, WINDOW)
        assert model.span is not None
        assert model.span.ahead == model.stem.span.ahead


def test_folded_networks_follow_too(tiny: Tiny) -> None:
    model = tiny.model("light", "on", "natops8", follow_sample=False)
    set_window(model, WINDOW)
    x = tiny.batch("natops8", n=1, frames=30, people=1)[..., 0]
    mask = torch.ones(1, 30, 8, dtype=torch.bool)
    plain, folded = (Stream(network) for network in (model, fold(model)))
    expected = torch.cat([plain.push(x, mask), plain.finish()], 1)
    found = torch.cat([folded.push(x, mask), folded.finish()], 1)
    torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("name", ("light", "ctrgcn"))
def test_what_looks_at_everything_cannot_follow(tiny: Tiny, name: str) -> None:
    with pytest.raises(InputError, match="cannot follow"):
        Stream(tiny.model(name, "off", "natops8"))
    if name == "light":
        with pytest.raises(InputError, match="cannot follow"):
            Stream(tiny.model(name, "gates", "natops8", follow_sample=False))
