"""Stand-ins for mmcv's compiled operators, for the build of mmcv that has none (mmcv-lite).

MMPose and MMDetection import modules that ask for compiled operators while being imported,
although pose estimation calls none of them. Here, and nowhere else, such a request gets an
operator that fails only when it is called, saying what is needed. One is real: `nms`, which
detectors do call, written in torch. Where a full mmcv is installed, it is used untouched.

Call `provide_mmcv_ops` before the first import of `mmpose.apis` or `mmdet.apis`.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from mgskel.core.errors import InputError

if TYPE_CHECKING:
    import torch


def provide_mmcv_ops() -> None:
    """Make `mmcv.ops` importable without compiled operators."""
    if importlib.util.find_spec("mmcv._ext") is not None:
        return
    from mmcv.utils import ext_loader

    ext_loader.load_ext = _load_ext


def _load_ext(name: str, functions: Sequence[str]) -> SimpleNamespace:
    ready = {"nms": nms}
    return SimpleNamespace(**{one: ready.get(one) or _absent(one) for one in functions})


def _absent(operator: str) -> Callable[..., Any]:
    def fail(*args: object, **kwargs: object) -> None:
        raise InputError(
            f"this model calls mmcv's compiled operator '{operator}'",
            expected="a full mmcv 2.1.0 (pip install --no-deps mmcv==2.1.0, built from source)",
            found="mmcv-lite, which has no compiled operators",
            remedy="choose a model without it: RTMPose, HRNet and RTMDet need none",
        )

    return fail


def nms(
    boxes: torch.Tensor, scores: torch.Tensor, iou_threshold: float, offset: int = 0
) -> torch.Tensor:
    """Non-maximum suppression: indices of the boxes kept, best first.

    Args:
        boxes: (n, 4) left, top, right, bottom.
        offset: 1 where right and bottom are still inside the box.
    """
    import torch

    order = scores.argsort(descending=True, stable=True)
    sides = (boxes[:, 2:] - boxes[:, :2] + offset).clamp(min=0)
    areas = sides.prod(1)
    kept = []
    while order.numel():
        best, rest = order[0], order[1:]
        kept.append(best)
        corner_low = torch.maximum(boxes[rest, :2], boxes[best, :2])
        corner_high = torch.minimum(boxes[rest, 2:], boxes[best, 2:])
        shared = (corner_high - corner_low + offset).clamp(min=0).prod(1)
        union = (areas[rest] + areas[best] - shared).clamp(min=1e-12)
        order = rest[shared / union <= iou_threshold]
    return torch.stack(kept) if kept else scores.new_zeros(0, dtype=torch.long)
