from __future__ import annotations

import pytest
import torch
from torch import nn

from mgskel.training.losses import LabelTextLoss, SoftCrossEntropy, class_weights
from mgskel.training.module import make_optimizer, warmup_cosine, weight_average
from mgskel.training.train_config import OptimConfig


@pytest.mark.parametrize("balance", ["none", "sqrt", "effective", "inverse"])
def test_class_weights_average_to_one_over_samples(balance: str) -> None:
    counts = torch.tensor([4023, 2, 0, 300])
    weights = class_weights(counts, balance)  # type: ignore[arg-type]
    assert float((weights * counts).sum() / counts.sum()) == pytest.approx(1, rel=0.01)
    assert weights[2] == 0
    if balance != "none":
        assert weights[1] > weights[3] > weights[0]
        assert weights[1] <= 10


def test_plain_loss_is_cross_entropy() -> None:
    logits, truth = torch.randn(5, 4), torch.tensor([0, 1, 2, 3, 0])
    ours = SoftCrossEntropy(torch.ones(4), 0.1)(logits, nn.functional.one_hot(truth, 4).float())
    torch.testing.assert_close(
        ours, nn.functional.cross_entropy(logits, truth, label_smoothing=0.1)
    )


def test_halves_of_a_batch_average_to_the_whole() -> None:
    loss = SoftCrossEntropy(torch.tensor([0.5, 3.0, 1.0]), 0.1)
    logits, target = torch.randn(8, 3), torch.softmax(torch.randn(8, 3), 1)
    halves = (loss(logits[:4], target[:4]) + loss(logits[4:], target[4:])) / 2
    torch.testing.assert_close(halves, loss(logits, target))


def test_label_text_loss_vanishes_at_the_target() -> None:
    vectors = nn.functional.normalize(torch.randn(3, 6), dim=1)
    loss = LabelTextLoss(vectors, features=6)
    with torch.no_grad():
        loss.project.weight.copy_(torch.eye(6))
        loss.project.bias.zero_()
    target = torch.eye(3)
    assert float(loss(vectors * 4, target)) == pytest.approx(0, abs=1e-6)
    assert float(loss(vectors[[1, 2, 0]], target)) > 0.1


def test_the_average_follows_quickly_at_first() -> None:
    model = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2))
    average = weight_average(model, 0.9)
    with torch.no_grad():
        for step, near in ((3, 1.0), (200, 1e-3)):
            for _ in range(step):
                model[0].weight.fill_(3.0)
                model[1].running_mean.fill_(3.0)
                model[1].num_batches_tracked += 1
                average.update_parameters(model)
            assert float((average.module[0].weight - 3).abs().max()) < near
            assert float((average.module[1].running_mean - 3).abs().max()) < near
    assert int(average.module[1].num_batches_tracked) == 203
    assert not any(p.requires_grad for p in average.parameters())


def test_schedule_rises_then_falls_to_zero() -> None:
    optimizer = make_optimizer(nn.Linear(3, 3), OptimConfig(lr=1.0))
    schedule = warmup_cosine(optimizer, steps=100, warmup=0.1)
    rates = []
    for _ in range(100):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    assert rates[0] == pytest.approx(0.1) and max(rates) == pytest.approx(1.0)
    assert rates.index(max(rates)) in (9, 10)
    assert rates[-1] < 0.01
    assert all(a >= b for a, b in zip(rates[10:], rates[11:], strict=False))


@pytest.mark.parametrize("name", ["adamw", "sgd"])
def test_only_matrices_decay(name: str) -> None:
    optimizer = make_optimizer(nn.Linear(3, 3), OptimConfig(name=name))  # type: ignore[arg-type]
    decays = {p.ndim: g["weight_decay"] for g in optimizer.param_groups for p in g["params"]}
    assert decays == {2: 0.05, 1: 0.0}
