"""Every network, with fusion and without, on skeletons of several kinds, through one interface."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import torch

from mgskel.core.errors import InputError
from mgskel.models import balance_loss, create_model, fold, list_models

SKELETONS = ("natops8", pytest.param("kinect20", marks=pytest.mark.slow), "upper")
every_network = pytest.mark.parametrize("name", list_models())
every_fusion = pytest.mark.parametrize("fusion", ("off", "on"))
every_skeleton = pytest.mark.parametrize("layout", SKELETONS)


if TYPE_CHECKING:
    from conftest import Tiny


@every_skeleton
@every_fusion
@every_network
class TestEveryNetwork:
    def test_scores_and_gradients(self, tiny: Tiny, name: str, fusion: str, layout: str) -> None:
        model = tiny.model(name, fusion, layout).train()
        x = tiny.batch(layout)
        scores = model(x, tiny.holes(x))
        assert scores.shape == (4, tiny.classes)
        loss = torch.nn.functional.cross_entropy(scores, torch.arange(4)) + balance_loss(model)
        loss.backward()
        for key, parameter in model.named_parameters():
            assert parameter.grad is not None, f"{key} takes no part"
            assert parameter.grad.isfinite().all(), key

    def test_masked_values_change_nothing(
        self, tiny: Tiny, name: str, fusion: str, layout: str
    ) -> None:
        model = tiny.model(name, fusion, layout)
        x = tiny.batch(layout)
        mask = tiny.holes(x)
        noise = torch.where(mask.unsqueeze(1), 0.0, 1e3 * torch.randn_like(x))
        noise[~mask.unsqueeze(1).expand_as(x)] += float("nan")
        torch.testing.assert_close(model(x + noise, mask), model(x, mask), rtol=0, atol=0)
        assert not torch.allclose(model(x, mask), model(x))

    def test_full_mask_is_no_mask(self, tiny: Tiny, name: str, fusion: str, layout: str) -> None:
        model = tiny.model(name, fusion, layout)
        x = tiny.batch(layout)
        mask = torch.ones_like(x[:, 0], dtype=torch.bool)
        torch.testing.assert_close(model(x, mask), model(x))

    @pytest.mark.parametrize("frames", (12, 13))
    def test_padding_changes_nothing(
        self, tiny: Tiny, name: str, fusion: str, layout: str, frames: int
    ) -> None:
        model = tiny.model(name, fusion, layout)
        x = tiny.batch(layout, frames=frames)
        mask = tiny.holes(x)
        longer = torch.nn.functional.pad(x, (0, 0, 0, 0, 0, 7))
        longer_mask = torch.nn.functional.pad(mask, (0, 0, 0, 0, 0, 7))
        torch.testing.assert_close(model(longer, longer_mask), model(x, mask))

    def test_samples_do_not_see_each_other(
        self, tiny: Tiny, name: str, fusion: str, layout: str
    ) -> None:
        model = tiny.model(name, fusion, layout)
        x = tiny.batch(layout)
        mask = tiny.holes(x)
        order = torch.tensor([2, 0, 3, 1])
        torch.testing.assert_close(model(x[order], mask[order]), model(x, mask)[order])

    def test_people_have_no_order(self, tiny: Tiny, name: str, fusion: str, layout: str) -> None:
        model = tiny.model(name, fusion, layout)
        x = tiny.batch(layout)
        mask = tiny.holes(x)
        torch.testing.assert_close(model(x.flip(4), mask.flip(3)), model(x, mask))

    def test_absent_person_is_no_person(
        self, tiny: Tiny, name: str, fusion: str, layout: str
    ) -> None:
        model = tiny.model(name, fusion, layout)
        x = tiny.batch(layout, people=1)
        alone = torch.ones_like(x[:, 0], dtype=torch.bool)
        joined = torch.cat([x, torch.zeros_like(x)], 4)
        mask = torch.cat([alone, ~alone], 3)
        torch.testing.assert_close(model(joined, mask), model(x, alone))

    def test_seed_decides_everything(self, tiny: Tiny, name: str, fusion: str, layout: str) -> None:
        x = tiny.batch(layout)
        first, again, other = (tiny.model(name, fusion, layout, seed)(x) for seed in (0, 0, 1))
        assert torch.equal(first, again)
        assert not torch.allclose(first, other)

    def test_folding_keeps_scores(self, tiny: Tiny, name: str, fusion: str, layout: str) -> None:
        model = tiny.model(name, fusion, layout)
        x = tiny.batch(layout)
        folded = fold(model)
        torch.testing.assert_close(
            folded(x, tiny.holes(x)), model(x, tiny.holes(x)), rtol=1e-4, atol=1e-4
        )
        assert len(list(folded.modules())) < len(list(model.modules()))


@every_fusion
@every_network
class TestShapes:
    @pytest.mark.parametrize("frames", (1, 2, 3, 30))
    def test_any_length(self, tiny: Tiny, name: str, fusion: str, frames: int) -> None:
        model = tiny.model(name, fusion, "natops8")
        x = tiny.batch("natops8", frames=frames)
        assert model(x).isfinite().all()
        features = model.forward_features(x, tiny.holes(x))
        moments = -(-frames // model.time_stride)
        assert features.shape == (4, 2, model.num_features, moments, 8)
        assert model.forward_frames(x, tiny.holes(x)).shape == (4, 2, moments, tiny.classes)

    def test_nothing_seen_at_all(self, tiny: Tiny, name: str, fusion: str) -> None:
        model = tiny.model(name, fusion, "natops8")
        x = tiny.batch("natops8")
        scores = model(x, torch.zeros_like(x[:, 0], dtype=torch.bool))
        torch.testing.assert_close(scores, model.head.bias.expand_as(scores))

    def test_two_coordinates(self, tiny: Tiny, name: str, fusion: str) -> None:
        model = tiny.model(name, fusion, "natops8", in_channels=2)
        assert model(tiny.batch("natops8")[:, :2]).shape == (4, tiny.classes)


def test_moments_average_to_the_score(tiny: Tiny) -> None:
    model = tiny.model("light", "off", "kinect20")
    x = tiny.batch("kinect20", people=1)
    torch.testing.assert_close(model.forward_frames(x).mean((1, 2)), model(x))


def test_batch_of_another_layout_is_refused(tiny: Tiny) -> None:
    model = tiny.model("light", "off", "kinect20")
    with pytest.raises(InputError, match="kinect20"):
        model(tiny.batch("natops8"))
    x = tiny.batch("kinect20")
    with pytest.raises(InputError, match="mask"):
        model(x, torch.ones(4, 13, 20, dtype=torch.bool))


def test_unknown_names_get_the_nearest_right_one() -> None:
    with pytest.raises(InputError, match="stgcn"):
        create_model("st-gcn", "kinect20", 10)
    with pytest.raises(InputError, match="on"):
        create_model("light", "kinect20", 10, fusion="onn")
    with pytest.raises(InputError, match="classes"):
        create_model("light", "kinect20", 0)
