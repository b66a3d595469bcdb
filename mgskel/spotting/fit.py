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
from mgskel.core.skeleton import Skeleton
from mgskel.spotting.corpus import Piece
from mgskel.spotting.network import DenseNetwork
from mgskel.spotting.reach import STRIDE

_SAVE_EVERY = 100
# A filtering estimator keeps this share of the frame before, so many frames back.
_KEPT, _LATEST = (0.1, 0.6), 6


@dataclass(frozen=True)
class FitSettings:
    """How a network is taught.

    Attributes:
        window: frames of each example.
        rare: how much more a frame with a gesture counts than one without.
        focus: how much less what is already known counts (focal loss).
        mirror: share of examples seen in a mirror.
        lose_hands, lose_hips, lose_joint: shares of examples without fingers (of one or both
            hands), without hips, and of joints missing throughout: other sources see less.
        turn: standard deviation of the picture's rotation, degrees.
        lag: share of examples that come late and smoothed, as estimators that filter give them.
        long: power of a piece's length in its chance of being drawn.
        ema: weight of the past in the running mean of the weights.
        half: compute in bfloat16 (faster on processors that can, slower on others).
    """

    steps: int = 3000
    batch: int = 16
    window: int = 128
    lr: float = 3e-3
    weight_decay: float = 0.02
    warm_up: int = 100
    rare: float = 3.0
    focus: float = 1.0
    mirror: float = 0.5
    lose_hands: float = 0.3
    lose_hips: float = 0.3
    lose_joint: float = 0.03
    scale: float = 0.1
    turn: float = 0.0
    lag: float = 0.0
    long: float = 0.5
    ema: float = 0.997
    half: bool = False
    seed: int = 0


def fit(
    network: DenseNetwork,
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
    network.train()
    with Progress(settings.steps, "fit", "steps") as progress:
        progress.advance(len(losses))
        for step in range(len(losses), settings.steps):
            torch.manual_seed(settings.seed * 1_000_003 + step)
            x, mask, targets, known = examples(
                pieces, network.features.skeleton, network.shift, settings, step
            )
            for group in optimiser.param_groups:
                group["lr"] = settings.lr * _pace(step, settings)
            with torch.autocast("cpu", torch.bfloat16, enabled=settings.half):
                logits = network(x, mask)
            loss = dense_loss(logits.float(), targets, known, settings)
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


def examples(
    pieces: Sequence[Piece], skeleton: Skeleton, shift: int, settings: FitSettings, step: int
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """A batch: x (N, C, T, V), mask (N, T, V), targets and known (N, K + 1, T / 2).

    Windows may begin before a piece and end after it, as they do when spotting. Targets are
    those of the moments that the network's answers are for.
    """
    rng = np.random.default_rng([settings.seed, step])
    lengths = np.array([piece.num_frames for piece in pieces], float)
    # Long recordings hold more, clips are denser.
    chance = lengths**settings.long
    chosen = rng.choice(len(pieces), settings.batch, p=chance / chance.sum())
    batch = [_window(pieces[i], shift, settings, rng) for i in chosen]
    values, mask, targets, known = (np.stack(items) for items in zip(*batch, strict=True))
    x = torch.from_numpy(values.astype(np.float32))
    seen = torch.from_numpy(mask)
    x, seen = _varied(x, seen, skeleton, settings, rng)
    return x, seen, torch.from_numpy(targets), torch.from_numpy(known)


def _window(
    piece: Piece, shift: int, settings: FitSettings, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    size = settings.window
    outside = size // 4
    start = int(rng.integers(-outside, max(piece.num_frames - size + outside, 1 - outside)))
    values = _cut(piece.values, start, size, axis=1)
    mask = _cut(piece.mask, start, size, axis=0)
    targets = _cut(piece.targets, start + shift, size, axis=1)
    known = _cut(piece.known, start + shift, size, axis=1)
    both = np.concatenate([targets, targets.any(0, keepdims=True)])
    # A doubtful moment of one gesture is certain for "any" while another one goes on.
    sure = known.all(0, keepdims=True) | (targets & known).any(0, keepdims=True)
    return values, mask, both[:, ::STRIDE], np.concatenate([known, sure])[:, ::STRIDE]


def _cut(array: np.ndarray, start: int, size: int, axis: int) -> np.ndarray:
    """`size` entries from `start` on, zero outside the array."""
    shape = list(array.shape)
    shape[axis] = size
    result = np.zeros(shape, array.dtype)
    low, high = max(start, 0), min(start + size, array.shape[axis])
    if low < high:
        to = [slice(None)] * array.ndim
        to[axis] = slice(low - start, high - start)
        of = [slice(None)] * array.ndim
        of[axis] = slice(low, high)
        result[tuple(to)] = array[tuple(of)]
    return result


def _varied(
    x: Tensor, mask: Tensor, skeleton: Skeleton, settings: FitSettings, rng: np.random.Generator
) -> tuple[Tensor, Tensor]:
    """Mirrored, scaled, and with fewer joints, as other people and other sources are."""
    count, _, _, joints = x.shape
    turned = torch.from_numpy(rng.random(count) < settings.mirror)
    order = torch.from_numpy(skeleton.mirror)
    sign = torch.tensor([-1.0, 1.0] * (x.shape[1] // 2)).view(1, -1, 1, 1)
    x = torch.where(turned.view(-1, 1, 1, 1), (x * sign)[..., order], x)
    mask = torch.where(turned.view(-1, 1, 1), mask[..., order], mask)
    factor = 1 + settings.scale * rng.standard_normal((count, 1, 1, 1)).clip(-2, 2)
    x = _turned(x * torch.from_numpy(factor).float(), settings, rng)
    x = _late(x, mask, settings, rng)
    lost = rng.random((count, joints)) < settings.lose_joint
    for side in ("left", "right"):
        gone = rng.random(count) < settings.lose_hands
        for joint in skeleton.parts.get(f"{side}_hand", ()):
            lost[gone, joint] = True
    gone = rng.random(count) < settings.lose_hips
    for joint in (i for i, name in enumerate(skeleton.joints) if name.endswith("hip")):
        lost[gone, joint] = True
    mask = mask & ~torch.from_numpy(lost).unsqueeze(1)
    return x * mask.unsqueeze(1), mask


def _turned(x: Tensor, settings: FitSettings, rng: np.random.Generator) -> Tensor:
    """Examples (N, C, T, V), channels in pairs of x and y, as a tilted camera shows them."""
    if settings.turn == 0:
        return x
    angle = np.radians(settings.turn) * rng.standard_normal(len(x)).clip(-2, 2)
    cos, sin = (
        torch.from_numpy(part).float().view(-1, 1, 1, 1) for part in (np.cos(angle), np.sin(angle))
    )
    across, down = x[:, 0::2], x[:, 1::2]
    return torch.stack([cos * across - sin * down, sin * across + cos * down], 2).flatten(1, 2)


def _late(x: Tensor, mask: Tensor, settings: FitSettings, rng: np.random.Generator) -> Tensor:
    """Some examples as means over their last frames: every channel is linear in the points."""
    late = np.flatnonzero(rng.random(len(x)) < settings.lag)
    keep = torch.from_numpy(rng.uniform(*_KEPT, len(late))).float().view(-1, 1, 1, 1)
    if not len(late):
        return x
    seen = mask[late].unsqueeze(1).to(x.dtype)
    total, weight = x[late] * seen, seen.clone()
    for back in range(1, _LATEST):
        total[:, :, back:] += keep**back * (x[late] * seen)[:, :, :-back]
        weight[:, :, back:] += keep**back * seen[:, :, :-back]
    x = x.clone()
    x[late] = total / weight.clamp(min=1e-6) * seen
    return x


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


def _blend(mean: dict[str, Tensor], network: DenseNetwork, keep: float) -> None:
    for name, value in network.state_dict().items():
        if value.is_floating_point():
            mean[name].lerp_(value, 1 - keep)
        else:
            mean[name].copy_(value)


def _save(
    path: Path,
    network: DenseNetwork,
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
    network: DenseNetwork,
    optimiser: torch.optim.Optimizer,
    mean: dict[str, Tensor],
) -> list[float]:
    state = torch.load(path, weights_only=True)
    network.load_state_dict(state["network"])
    optimiser.load_state_dict(state["optimiser"])
    mean.update(state["mean"])
    return list(state["losses"])
