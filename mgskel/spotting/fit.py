"""Teaching a dense network from pieces of recordings; interrupted, it goes on where it stopped."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from mgskel.core.errors import MgskelError
from mgskel.core.files import writing
from mgskel.core.progress import Progress
from mgskel.models import Backbone, balance_loss
from mgskel.spotting.corpus import Piece
from mgskel.spotting.examples import ExampleSettings, draw_examples
from mgskel.spotting.features import StreamInput
from mgskel.spotting.network import Timing

_SAVE_EVERY = 100


@dataclass(frozen=True)
class FitSettings:
    """How a network is taught.

    Attributes:
        rare: how much more a frame with a gesture counts than one without.
        focus: how much less what is already known counts (focal loss).
        balance: weight of the fusion's own balance loss.
        examples: how examples are drawn and varied.
        ema: weight of the past in the running mean of the weights.
        half: compute in bfloat16 (faster on processors that can, slower on others).
    """

    steps: int = 3000
    lr: float = 3e-3
    weight_decay: float = 0.02
    warm_up: int = 100
    rare: float = 3.0
    focus: float = 1.0
    balance: float = 0.01
    examples: ExampleSettings = ExampleSettings()
    ema: float = 0.997
    half: bool = False
    seed: int = 0


def fit(
    network: Backbone,
    wanted: StreamInput,
    pieces: Sequence[Piece],
    settings: FitSettings,
    checkpoint: Path | None = None,
) -> list[float]:
    """Teach the network in place; returns the loss of each step.

    A checkpoint is written now and then, and read if it is there: a run that was cut off goes on
    with the same examples it would have seen.
    """
    optimiser = torch.optim.AdamW(
        network.parameters(), lr=settings.lr, weight_decay=settings.weight_decay
    )
    mean = {name: value.detach().clone() for name, value in network.state_dict().items()}
    losses: list[float] = []
    if checkpoint is not None and checkpoint.exists():
        losses = _resume(checkpoint, network, optimiser, mean)
    timing = Timing.of(network, wanted)
    network.train()
    with Progress(settings.steps, "fit", "steps") as progress:
        progress.advance(len(losses))
        for step in range(len(losses), settings.steps):
            torch.manual_seed(settings.seed * 1_000_003 + step)
            rng = np.random.default_rng([settings.seed, step])
            x, mask, targets, known = draw_examples(
                pieces, network.skeleton, timing, settings.examples, rng
            )
            for group in optimiser.param_groups:
                group["lr"] = settings.lr * _pace(step, settings)
            with torch.autocast("cpu", torch.bfloat16, enabled=settings.half):
                logits = network.forward_frames(x.unsqueeze(4), mask.unsqueeze(3))[:, 0]
            loss = dense_loss(logits.float().transpose(1, 2), targets, known, settings)
            loss = loss + settings.balance * balance_loss(network)
            if not math.isfinite(float(loss.detach())):
                raise MgskelError(f"the loss is not finite at step {step}", remedy="lower --lr")
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(network.parameters(), 5.0)
            optimiser.step()
            _blend(mean, network, min(settings.ema, (step + 1) / (step + 10)))
            losses.append(float(loss.detach()))
            progress.advance()
            if checkpoint is not None and (step + 1) % _SAVE_EVERY == 0:
                _save(checkpoint, network, optimiser, mean, losses)
    network.load_state_dict(mean)
    network.eval()
    return losses


def dense_loss(logits: Tensor, targets: Tensor, known: Tensor, settings: FitSettings) -> Tensor:
    """Focal cross-entropy over all gestures and moments (N, K, T) whose target is known."""
    truth = targets.to(logits.dtype)
    loss = functional.binary_cross_entropy_with_logits(logits, truth, reduction="none")
    missed = (truth - logits.sigmoid()).abs().detach() ** settings.focus
    weight = known * torch.where(targets, settings.rare, 1.0) * missed
    return (loss * weight).sum() / known.sum().clamp(min=1) * logits.shape[1]


def _pace(step: int, settings: FitSettings) -> float:
    """Share of the full learning rate: a warm-up, then a cosine to zero."""
    if step < settings.warm_up:
        return (step + 1) / settings.warm_up
    rest = (step - settings.warm_up) / max(settings.steps - settings.warm_up, 1)
    return 0.5 * (1 + math.cos(math.pi * min(rest, 1.0)))


def _blend(mean: dict[str, Tensor], network: Backbone, keep: float) -> None:
    for name, value in network.state_dict().items():
        if value.is_floating_point():
            mean[name].lerp_(value, 1 - keep)
        else:
            mean[name].copy_(value)


def _save(
    path: Path,
    network: Backbone,
    optimiser: torch.optim.Optimizer,
    mean: dict[str, Tensor],
    losses: list[float],
) -> None:
    state = {
        "network": network.state_dict(),
        "optimiser": optimiser.state_dict(),
        "mean": mean,
        "losses": losses,
    }
    with writing(path) as temporary:
        torch.save(state, temporary)


def _resume(
    path: Path,
    network: Backbone,
    optimiser: torch.optim.Optimizer,
    mean: dict[str, Tensor],
) -> list[float]:
    state = torch.load(path, weights_only=True)
    network.load_state_dict(state["network"])
    optimiser.load_state_dict(state["optimiser"])
    mean.update(state["mean"])
    return list(state["losses"])
