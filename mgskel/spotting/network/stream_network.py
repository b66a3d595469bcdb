"""Networks that answer at every moment of a stream, and for which moments they do.

Such a network sees a bounded span of time (`Backbone.span`). Its answer for a moment is read from
the place in its output that has seen only `lookahead_s` of what comes after: that lets a camera be
followed with the same answers as a file. Blocks see the past alone, so that this place is the
moment's own, or just after it: read from an earlier one, a moment would lie at the edge of what
convolutions reach, where few paths lead.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mgskel.core.errors import InputError
from mgskel.models import Backbone
from mgskel.models.streaming import FOLLOWING
from mgskel.spotting.network.features import CHANNELS, StreamInput
from mgskel.training.runs.model_folder import ModelSpec

# What `light` needs to be followed; other sizes are the user's.
_BOUNDED = {"heads": 8, "kernel": 7, "dropout": 0.1, "follow_sample": False, "causal": True}


def stream_model(
    channels: tuple[int, ...] = (48, 48, 48, 48),
    fusion: str = "on",
    fusion_window: int = 60,
    **sizes: Any,
) -> ModelSpec:
    """A `light` for streams.

    Args:
        channels: of each block; all alike, since time is halved once, in the stem.
        fusion: balanced fusion "on" or "off".
        fusion_window: frames of the grid that its summaries hold.
    """
    window = fusion_window if fusion == "on" else None
    return ModelSpec("light", fusion, (), {"channels": channels, **_BOUNDED, **sizes}, window)


def build_stream_network(model: ModelSpec, wanted: StreamInput, num_classes: int) -> Backbone:
    """A network with outputs for K classes and for "any of them", which comes last."""
    network = model.build(wanted.features.skeleton, num_classes + 1, CHANNELS)
    if network.span is None:
        raise InputError(
            "this network looks at the whole of a recording and cannot follow it",
            found=model.backbone,
            remedy=f"take {FOLLOWING}; a fusion_window",
        )
    return network


@dataclass(frozen=True)
class Timing:
    """Which frames a network answers for, and what it has seen of them.

    Attributes:
        stride: it answers for every so many frames.
        shift: entry j of its output is the answer for frame ``stride * j + shift``.
        past, ahead: frames before and after that frame which its answer rests on.
    """

    stride: int
    shift: int
    past: int
    ahead: int

    @classmethod
    def of(cls, network: Backbone, wanted: StreamInput) -> Timing:
        span, stride = network.span, network.time_stride
        assert span is not None
        ahead = round(wanted.lookahead_s * wanted.features.rate_hz)
        # Whole strides, so that answers fall on the places that the network keeps. A network that
        # sees less of the future is asked a little later.
        shift = (span.ahead - ahead) // stride * stride
        return cls(stride, shift, span.back + shift, span.ahead - shift)
