"""Network weights in a folder: numbers alone, vouched for by the hash in a description beside them.

Nothing in a weight file is executed, and one that was changed after its description is refused.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from mgskel.core.errors import InputError

WEIGHTS_FILE = "model.safetensors"
DESCRIPTION_FILE = "recognizer.json"
_SHOWN = 16


def read_weights(path: Path, sha256: str, description: str) -> dict[str, np.ndarray]:
    """The arrays of a safetensors file, if it is the one that the description was written for.

    Args:
        sha256: of the file, as the description gives it.
        description: the name of the file that vouches.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load

    content = path.read_bytes()
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        raise InputError(
            f"{path.name} is not the file that {description} was written for",
            place=path.parent,
            expected=f"sha256 {sha256[:_SHOWN]}...",
            found=f"sha256 {found[:_SHOWN]}...",
            remedy="the file was changed or damaged: copy the folder again",
        )
    try:
        state: dict[str, np.ndarray] = load(content)
    except SafetensorError as error:
        raise InputError(
            f"{path.name} holds no weights", place=path.parent, found=str(error)
        ) from error
    return state


def misfit(shapes: Mapping[str, tuple[int, ...]], state: Mapping[str, np.ndarray]) -> str | None:
    """The name of an array that is missing, superfluous or of another shape; None if all fit."""
    wrong = sorted(set(shapes) ^ set(state))
    wrong += sorted(k for k in set(shapes) & set(state) if shapes[k] != state[k].shape)
    return wrong[0] if wrong else None
