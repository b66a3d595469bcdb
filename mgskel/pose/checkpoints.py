"""Checkpoints of others, loaded without running anything in them, and only into what they fit."""

from __future__ import annotations

import pickle
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from mgskel.core.errors import InputError

_SHOWN = 3


def load_weights(model: Any, path: Path) -> dict[str, Any]:
    """Put a checkpoint's weights into a model; gives the checkpoint's `meta`.

    `.safetensors`, and torch files read with their safe subset of pickle.
    """
    content = _read(path)
    weights = content.get("state_dict", content)
    if not isinstance(weights, Mapping):
        raise _unfit(path, "no 'state_dict' of named arrays")
    _check_fit(model, weights, path)
    model.load_state_dict(weights, strict=False)
    meta = content.get("meta")
    return dict(meta) if isinstance(meta, Mapping) else {}


def _read(path: Path) -> Mapping[str, Any]:
    import torch

    if not path.is_file():
        raise InputError(f"checkpoint not found: {path}", remedy="check the path")
    try:
        if path.suffix == ".safetensors":
            from safetensors.torch import load_file

            return load_file(str(path))
        with torch.serialization.safe_globals(_harmless()):
            content = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise InputError(
            "the checkpoint holds more than arrays and plain values, so it was not loaded: "
            "loading could run code",
            place=path,
            found=_first_line(error),
            remedy="if you trust its source, save its 'state_dict' alone: "
            "torch.save({'state_dict': torch.load(OLD, weights_only=False)['state_dict']}, NEW)",
        ) from error
    except (OSError, RuntimeError, EOFError, ValueError, zipfile.BadZipFile) as error:
        raise _unfit(path, _first_line(error)) from error
    except Exception as error:
        if type(error).__module__.startswith("safetensors"):
            raise _unfit(path, _first_line(error)) from error
        raise
    if not isinstance(content, Mapping):
        raise _unfit(path, type(content).__name__)
    return content


def _harmless() -> list[Any]:
    """Numpy arrays and numbers, which many checkpoints hold beside the weights."""
    kinds = [type(np.dtype(name)) for name in ("f4", "f8", "i4", "i8", "u1", "?")]
    reconstruct = np.zeros(0).__reduce__()[0]
    scalar = np.float64(0).__reduce__()[0]
    return [np.ndarray, np.dtype, reconstruct, scalar, *kinds]


def _check_fit(model: Any, weights: Mapping[str, Any], path: Path) -> None:
    """Refuse weights of another model; half-loaded models look fine and see nothing."""
    wanted = model.state_dict()
    missing = [name for name in wanted if name not in weights]
    other = [
        f"{name} {tuple(weights[name].shape)} for {tuple(wanted[name].shape)}"
        for name in wanted
        if name in weights and weights[name].shape != wanted[name].shape
    ]
    if not missing and not other:
        return
    faults = []
    if missing:
        faults.append(f"{len(missing)} of {len(wanted)} weights missing ({_some(missing)})")
    if other:
        faults.append(f"{len(other)} of another shape ({_some(other)})")
    raise InputError(
        "the checkpoint is not of this config's model",
        place=path,
        expected="weights for every layer of the config",
        found="; ".join(faults),
        remedy="choose the config that the checkpoint was trained with",
    )


def _some(names: list[str]) -> str:
    more = ", ..." if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more


def _unfit(path: Path, found: str) -> InputError:
    return InputError(
        "this is not a checkpoint that can be read",
        place=path,
        expected="a torch checkpoint or .safetensors file",
        found=found,
        remedy="the download may be cut off; fetch it again",
    )


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
