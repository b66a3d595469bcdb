"""Batches of skeleton sequences (N, C, T, V, M) go in; class scores (N, K) come out.

All work on any `Skeleton` and share one interface, see `mgskel.models.backbone.Backbone`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mgskel.core.errors import InputError, unknown
from mgskel.core.skeleton import Skeleton, get_skeleton
from mgskel.models.backbone import BACKBONES, Backbone, Block, backbone
from mgskel.models.fusion.gates import BalancedFusion, FusionParts, balance_loss
from mgskel.models.fusion.insertion import add_fusion, with_fusion
from mgskel.models.fusion.pooling import BalancedPooling
from mgskel.models.fusion.readout import FusionReadout, reading
from mgskel.models.layers.basic import Span, fold
from mgskel.models.pretrained import sizes_of, take_over
from mgskel.models.streaming import Stream

__all__ = [
    "Backbone",
    "BalancedFusion",
    "BalancedPooling",
    "Block",
    "FusionParts",
    "FusionReadout",
    "Span",
    "Stream",
    "add_fusion",
    "backbone",
    "balance_loss",
    "create_model",
    "fold",
    "list_models",
    "reading",
    "take_over",
    "with_fusion",
]

DEFAULT = "light"
PEAK_SHARE = 0.25  # of either peak in a new network's pooling


def list_models() -> tuple[str, ...]:
    """Names of the networks, the default first."""
    return (DEFAULT, *(name for name in BACKBONES.names() if name != DEFAULT))


def create_model(
    name: str,
    skeleton: Skeleton | str,
    num_classes: int,
    fusion: str | bool | FusionParts = "on",
    in_channels: int = 3,
    fusion_window: int | None = None,
    pretrained: str | Path | None = None,
    **sizes: Any,
) -> Backbone:
    """A network for a layout and a number of classes.

    Args:
        name: one of `list_models()`, or ``FILE.py:NAME`` in a file of your own.
        fusion: balanced fusion "on" or "off", "gates" for gates behind the stages as well, or
            `FusionParts` for ablations.
        in_channels: coordinates per joint.
        fusion_window: input frames that the fusion summarises, for streams; by default all.
        pretrained: a run folder whose weights are taken over as far as they fit, or "default" for
            the recognizer that ships; what did not fit is told.
        **sizes: widths, depths and kernels, as the network's class lists them; by default its
            own, or those of `pretrained`.
    """
    kind: Any = BACKBONES.get(name)
    if num_classes < 1:
        raise InputError("a network needs classes", expected="1 or more", found=num_classes)
    if pretrained is not None:
        taken = sizes_of(pretrained, name)
        fusion_window = fusion_window or taken.pop("fusion_window", None)
        sizes = taken | sizes
    model = kind(get_skeleton(skeleton), num_classes, in_channels=in_channels, **sizes)
    if fusion == "gates":
        fusion = FusionParts(gates=True)
    if isinstance(fusion, FusionParts) or fusion in ("on", True):
        parts = fusion if isinstance(fusion, FusionParts) else None
        model = with_fusion(model, parts=parts, window=fusion_window, share=PEAK_SHARE)
    elif fusion not in ("off", False):
        raise unknown("fusion setting", str(fusion), ("on", "off", "gates"))
    if pretrained is not None:
        take_over(model, pretrained, head=True)
    return model
