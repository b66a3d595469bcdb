"""Heat maps show joints where they are, and the network learns from them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from torch import Tensor

from mgskel.core.errors import InputError
from mgskel.core.skeleton import Skeleton
from mgskel.models import create_model
from mgskel.models.heatmap import REACH, WIDTH, HeatMap, HeatMaps, between_cells, gaussians

if TYPE_CHECKING:
    from conftest import Tiny

GRID, MAPS = 10, 3
CELL = 2 * REACH / GRID


@pytest.fixture
def drawing(chain: Skeleton) -> HeatMaps:
    torch.manual_seed(0)
    return HeatMaps(chain, 2, GRID, MAPS).eval()


def places(seed: int = 0, spread: float = 0.5) -> Tensor:
    """(N, 2, T, V) well within the grid."""
    return spread * torch.randn(2, 2, 5, 4, generator=torch.Generator().manual_seed(seed))


def amounts(seed: int = 1) -> Tensor:
    """(N, T, V, maps)"""
    return torch.randn(2, 5, 4, MAPS, generator=torch.Generator().manual_seed(seed))


def pictures(maps: Tensor) -> Tensor:
    """(N, maps, T, rows, columns)"""
    return maps.unflatten(3, (GRID, GRID))


class TestMaps:
    def test_values_of_one_joint(self, drawing: HeatMaps) -> None:
        """Row 7, column 4; half a cell to the right of the middle of column 4."""
        place = torch.tensor([(4 + 0.5 + 0.5) * CELL - REACH, (7 + 0.5) * CELL - REACH])
        drawn = pictures(
            drawing.draw(place.view(1, 2, 1, 1), torch.tensor([2.0, 0, -1]).view(1, 1, 1, 3))
        )[0, :, 0]
        half, one = (math.exp(-0.5 * (d / WIDTH) ** 2) for d in (0.5, 1))
        assert half == pytest.approx(0.8226, abs=1e-4) and one == pytest.approx(0.4578, abs=1e-4)
        expected = torch.tensor([[half * one, half * one], [half, half], [half * one, half * one]])
        torch.testing.assert_close(drawn[0, 6:9, 4:6], 2 * expected)
        torch.testing.assert_close(drawn[2], -drawn[0] / 2)
        assert (drawn[1] == 0).all()

    def test_are_the_sum_of_a_picture_per_joint(self, drawing: HeatMaps) -> None:
        place, mix = places(), amounts()
        columns, rows = gaussians(place, GRID).unbind(1)
        expected = torch.einsum("ntvh,ntvw,ntvk->nkthw", rows, columns, mix)
        torch.testing.assert_close(pictures(drawing.draw(place, mix)), expected)

    def test_move_with_the_body(self, drawing: HeatMaps) -> None:
        place, mix = places(spread=0.2), amounts()
        moved = place + torch.tensor([2 * CELL, -CELL]).view(1, 2, 1, 1)
        expected = pictures(drawing.draw(place, mix)).roll((-1, 2), (3, 4))
        found = pictures(drawing.draw(moved, mix))
        torch.testing.assert_close(found[..., 1:-1, 2:], expected[..., 1:-1, 2:])

    def test_are_mirrored_with_the_body(self, drawing: HeatMaps) -> None:
        place, mix = places(), amounts()
        mirrored = place * torch.tensor([-1.0, 1]).view(1, 2, 1, 1)
        expected = pictures(drawing.draw(place, mix)).flip(4)
        torch.testing.assert_close(pictures(drawing.draw(mirrored, mix)), expected)

    def test_know_no_order_of_joints(self, drawing: HeatMaps) -> None:
        place, mix, order = places(), amounts(), torch.tensor([2, 0, 3, 1])
        torch.testing.assert_close(
            drawing.draw(place[..., order], mix[:, :, order]), drawing.draw(place, mix)
        )

    def test_a_joint_far_out_is_drawn_on_the_edge(self, drawing: HeatMaps) -> None:
        far, edge = (gaussians(torch.tensor(x), GRID) for x in (1e6, REACH))
        torch.testing.assert_close(far, edge)
        assert far.argmax() == GRID - 1 and far.max() == 1

    def test_what_is_missing_is_not_drawn(self, drawing: HeatMaps) -> None:
        x, seen = places(), torch.ones(2, 1, 5, 4)
        seen[:, :, 2:, 1] = 0
        seen[1, :, 4] = 0
        maps, _ = drawing(x * seen, seen)
        alone = seen.clone()
        alone[..., 1] = 0
        without, _ = drawing(x * alone, alone)
        torch.testing.assert_close(maps[:, :, 2:], without[:, :, 2:])
        assert not torch.allclose(maps[:, :, :2], without[:, :, :2])
        assert (maps[1, :, 4] == 0).all(), "nobody, nothing"

    def test_scale_does_not_matter_once_the_spread_is_known(self, chain: Skeleton) -> None:
        """Whatever a body coordinate is measured in, the grid comes to fit."""
        found = []
        for scale, shift in ((1.0, 0.0), (40.0, 25.0)):
            torch.manual_seed(0)
            drawing = HeatMaps(chain, 2, GRID, MAPS).train()
            for seed in range(100):
                x = scale * places(seed) + shift
                drawing(x, torch.ones_like(x[:, :1]))
            x = scale * places() + shift
            found.append(drawing.eval()(x, torch.ones_like(x[:, :1]))[0])
        torch.testing.assert_close(found[1], found[0], rtol=0.01, atol=0.01)

    def test_depth_and_motion_change_amounts_alone(self, chain: Skeleton) -> None:
        drawing = HeatMaps(chain, 3, GRID, MAPS).eval()
        x, seen = torch.randn(1, 3, 4, 4) * 0.5, torch.ones(1, 1, 4, 4)
        deeper = x + torch.tensor([0, 0, 1.0]).view(1, 3, 1, 1)
        (maps, place), (other, same) = drawing(x, seen), drawing(deeper, seen)
        assert torch.equal(place, same)
        assert not torch.allclose(maps, other)
        still = x[:, :, :1].expand_as(x)
        maps, _ = drawing(still, seen)
        torch.testing.assert_close(maps, maps[:, :, :1].expand_as(maps))


class TestReading:
    def test_a_linear_map_is_read_exactly(self) -> None:
        centres = (torch.arange(GRID) + 0.5) * CELL - REACH
        rows, columns = torch.meshgrid(centres, centres, indexing="ij")
        maps = torch.stack([columns, rows]).flatten(1)[None, :, None].expand(2, -1, 5, -1)
        place = places()
        found = HeatMaps.read(maps, place, torch.ones(2, 1, 5, 4), GRID)
        torch.testing.assert_close(found, place)

    def test_what_is_missing_reads_nothing(self) -> None:
        seen = torch.ones(2, 1, 5, 4)
        seen[:, :, :, 2] = 0
        found = HeatMaps.read(torch.ones(2, 3, 5, GRID**2), places(), seen, GRID)
        torch.testing.assert_close(found, seen.expand(-1, 3, -1, -1))

    def test_weights_sum_to_one_everywhere(self) -> None:
        places = torch.linspace(-10, 10, 201)
        torch.testing.assert_close(between_cells(places, GRID).sum(1), torch.ones(201))


def test_its_span_is_what_it_rests_on(tiny: Tiny) -> None:
    model = tiny.model("heatmap", "off", "natops8")
    x = tiny.batch("natops8", n=1, frames=160, people=1)
    changed = x.clone()
    changed[:, :, 80] += 1
    moved = (model.forward_frames(x) - model.forward_frames(changed))[0, 0].abs().amax(1) > 0
    moments = model.time_stride * torch.nonzero(moved).flatten()
    assert model.span is not None
    assert 80 - model.span.ahead <= moments.min() <= 80 < moments.max() <= 80 + model.span.back


@pytest.mark.parametrize(
    ("sizes", "told"),
    (
        ({"grid": 18}, "multiple of 4"),
        ({"grid": 4}, "at least 8"),
        ({"in_channels": 1}, "two coordinates"),
    ),
)
def test_impossible_sizes_are_refused(sizes: dict[str, int], told: str) -> None:
    with pytest.raises(InputError, match=told):
        create_model("heatmap", "natops8", 3, **sizes)  # type: ignore[arg-type]


def test_time_and_grid_are_halved_together() -> None:
    model = create_model("heatmap", "natops8", 3, channels=(8, 8, 16, 32), grid=16)
    assert isinstance(model, HeatMap)
    assert (model.time_stride, model.read_grid) == (8, 2)
    assert create_model("heatmap", "natops8", 3).time_stride == 4


def test_learns_which_way_a_hand_went(chain: Skeleton) -> None:
    """One joint of four drifts left or right by a third of a cell in all, among noise."""
    rng = np.random.default_rng(0)
    way = np.where(np.arange(96) % 2, 1, -1)
    x = rng.normal(0, 0.02, (96, 2, 16, 4, 1)) + rng.normal(0, 1, (1, 2, 1, 4, 1))
    x[:, 0, :, 3, 0] += way[:, None] * np.linspace(-0.1, 0.1, 16)
    clips, labels = torch.tensor(x, dtype=torch.float32), torch.tensor((way + 1) // 2)
    torch.manual_seed(0)
    model = HeatMap(chain, 2, 2, channels=(8, 16), grid=8, maps=4, heads=2, joint_blocks=1)
    optimiser = torch.optim.AdamW(model.parameters(), lr=5e-3)
    for _ in range(80):  # till the running means have come to what they are of
        loss = torch.nn.functional.cross_entropy(model.train()(clips[:64]), labels[:64])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    with torch.no_grad():
        right = model.eval()(clips[64:]).argmax(1) == labels[64:]
    assert right.float().mean() > 0.9
