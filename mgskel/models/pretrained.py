"""Weights of a trained run for another network: every tensor that fits is taken over."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from mgskel.core.errors import InputError, shown
from mgskel.core.storage.intake import read_bytes, read_json
from mgskel.models.stored_run import DESCRIPTION_FILE, WEIGHTS_FILE, opened_run

_LOG = logging.getLogger("mgskel")
_HEAD = "head."
_SHOWN = 4
MOST_WEIGHTS, _LARGEST = 4 << 30, 1e9


def tensors_of(content: bytes, path: Path) -> dict[str, np.ndarray]:
    """The arrays of a safetensors file's content, all of them such as a training may give."""
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        state: dict[str, np.ndarray] = load(content)
    except (SafetensorError, LookupError, AttributeError, TypeError, ValueError) as error:
        raise InputError(
            f"{path.name} holds no weights", place=path.parent, found=shown(str(error), 300)
        ) from error
    for name, values in state.items():
        if values.size and not np.abs(values.astype(np.float64)).max() < _LARGEST:
            raise InputError(
                f"{path.name} holds weights that no training gives",
                place=path.parent,
                expected=f"finite numbers below {_LARGEST:g}",
                found=f"others in '{shown(name)}'",
                remedy="copy the folder again, or train again",
            )
    return state


def sizes_of(run: str | Path, backbone: str) -> dict[str, Any]:
    """The sizes that a run's network was built with; none where its backbone is another."""
    with opened_run(run) as folder:
        description = folder / DESCRIPTION_FILE
        tree = read_json(description) if description.is_file() else {}
    model = tree.get("model") if isinstance(tree, dict) else None
    if not isinstance(model, dict) or model.get("backbone") != backbone:
        return {}
    sizes = model.get("sizes")
    return {
        **(sizes if isinstance(sizes, dict) else {}),
        "fusion_window": model.get("fusion_window"),
    }


def take_over(network: nn.Module, run: str | Path, head: bool = False) -> tuple[str, ...]:
    """Copy what fits by name and shape; says, and returns, what of the network was not found.

    Args:
        run: what training or pretraining wrote, a zip or hub's name of it, or "default".
        head: take the classes too, where their number fits.
    """
    with opened_run(run) as folder:
        path = folder / WEIGHTS_FILE
        if not path.is_file():
            raise InputError(
                f"nothing pretrained at {folder}",
                expected=f"a folder with {WEIGHTS_FILE}, or 'default'",
                remedy="write one with 'mgskel train' or 'mgskel pretrain'",
            )
        stored = tensors_of(read_bytes(path, "weights", MOST_WEIGHTS), path)
    own = network.state_dict()
    fitting = {
        key: torch.from_numpy(value)
        for key, value in stored.items()
        if key in own and own[key].shape == value.shape and (head or not key.startswith(_HEAD))
    }
    if not fitting:
        raise InputError(
            "no pretrained tensor fits the network",
            place=folder,
            expected="the same backbone, sizes, layout and stream",
            remedy="compare the two configs",
        )
    left = tuple(key for key in own if key not in fitting)
    with torch.no_grad():
        network.load_state_dict(own | fitting)
    if left:
        more = f" and {len(left) - _SHOWN} more" if len(left) > _SHOWN else ""
        _LOG.warning(
            "%d of %d tensors are taken over from %s; as they were: %s%s",
            len(fitting), len(own), folder.name, ", ".join(left[:_SHOWN]), more,
        )  # fmt: skip
    return left
