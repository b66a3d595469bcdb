"""The folder of a trained network: numbers in one file, everything else as text in another.

``model.safetensors`` holds the weights, ``recognizer.json`` all the rest. Nothing in the folder is
executed, and the weights must be those that the description was written for.
"""

from __future__ import annotations

import hashlib
import typing
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import torch

from mgskel.core.config import Between, to_dict
from mgskel.core.errors import InputError, shown
from mgskel.core.skeleton import Skeleton
from mgskel.core.storage.files import file_hash, write_json, writing_together
from mgskel.core.storage.intake import read_bytes, read_json
from mgskel.core.version import __version__
from mgskel.models import Backbone, FusionParts, create_model, with_fusion
from mgskel.models.fusion.pooling import MeanPooling
from mgskel.models.pretrained import MOST_WEIGHTS, tensors_of
from mgskel.models.stored_run import DESCRIPTION_FILE, WEIGHTS_FILE, run_to_write

SCHEMA = "mgskel-recognizer/2"
_SHOWN = 16
_WIDEST, _MOST_BLOCKS = 2048, 64
Kind = Literal["clips", "stream", "frames"]
"""What a network was trained to see: cut clips, recordings as they pass, or whole recordings."""


@dataclass(frozen=True)
class ModelSpec:
    """How to build the network; see `create_model`."""

    backbone: str
    fusion: str
    leave_out: tuple[str, ...] = ()
    sizes: Mapping[str, Any] = field(default_factory=dict)
    fusion_window: Annotated[int | None, Between(1, 10_000)] = None

    def build(self, skeleton: Skeleton, classes: int, channels: int) -> Backbone:
        self._check_sizes()
        fusion: str | FusionParts = self.fusion
        try:
            if fusion != "off" and self.leave_out:
                gates = True if fusion == "gates" else None
                fusion = FusionParts(gates=gates, **dict.fromkeys(self.leave_out, False))
            return create_model(
                self.backbone,
                skeleton,
                classes,
                fusion,
                in_channels=channels,
                fusion_window=self.fusion_window,
                **self.sizes,
            )
        except (
            TypeError, ValueError, AttributeError, LookupError, ArithmeticError, AssertionError,
            RuntimeError, MemoryError,
        ) as error:  # fmt: skip
            raise InputError(
                f"the backbone '{self.backbone}' does not take these sizes",
                found=", ".join(f"{k}={shown(v)}" for k, v in self.sizes.items()) or "none",
                remedy=f"{type(error).__name__}: {error}",
            ) from error

    def _check_sizes(self) -> None:
        """Refuse sizes that no network has, before memory is taken for them."""
        waiting = [(name, size) for name, size in self.sizes.items()]
        for name, size in waiting:
            if isinstance(size, list | tuple) and len(size) <= _MOST_BLOCKS:
                waiting += [(name, one) for one in size]
            elif not isinstance(size, str | bool | None) and not (
                isinstance(size, int | float) and 0 <= size <= _WIDEST
            ):
                raise InputError(
                    f"wrong value for 'sizes.{name}'",
                    expected=f"0 to {_WIDEST}, or at most {_MOST_BLOCKS} such numbers",
                    found=shown(size),
                )


def save_folder(
    folder: Path, network: Backbone, kind: Kind, description: Mapping[str, Any], half: bool = False
) -> None:
    """Write weights (`half`: in half precision), then the description that vouches for them; into
    one file where the name ends in .zip."""
    from safetensors.numpy import save

    state = {name: value.detach().cpu().numpy() for name, value in network.state_dict().items()}
    if half:
        state = {
            name: value.astype(np.float16) if value.dtype.kind == "f" else value
            for name, value in state.items()
        }
    with run_to_write(folder) as run, writing_together(run) as place:
        weights = save({name: np.array(value) for name, value in state.items()})
        (place / WEIGHTS_FILE).write_bytes(weights)
        write_json(
            place / DESCRIPTION_FILE,
            {
                "schema": SCHEMA,
                "mgskel": __version__,
                "kind": kind,
                "weights_sha256": file_hash(place / WEIGHTS_FILE),
                **to_dict(dict(description)),
            },
        )


def read_description(folder: Path) -> dict[str, Any]:
    """What ``recognizer.json`` says, of a folder written by this version."""
    if not folder.is_dir():
        raise InputError(
            f"no run folder at {folder}",
            expected=f"a folder with {DESCRIPTION_FILE} and {WEIGHTS_FILE}",
            found="no such folder",
            remedy="'mgskel train' writes one; without a model the one that ships is used",
        )
    for name in (DESCRIPTION_FILE, WEIGHTS_FILE):
        if not (folder / name).is_file():
            raise InputError(
                f"the run folder lacks {name}",
                place=folder,
                found=", ".join(sorted(p.name for p in folder.iterdir())) or "an empty folder",
                remedy="finish the training (its command resumes it), or copy the whole folder",
            )
    tree = read_json(folder / DESCRIPTION_FILE, "recognizer description")
    if not isinstance(tree, dict) or "schema" not in tree or "weights_sha256" not in tree:
        raise damaged(folder, "keys are missing")
    if tree["schema"] != SCHEMA:
        raise InputError(
            "the run was written by another version of mgskel",
            place=folder,
            expected=f"schema {SCHEMA}",
            found=tree["schema"],
            remedy="update mgskel, or train again",
        )
    if tree.get("kind") not in typing.get_args(Kind):
        raise damaged(folder, f"kind {tree.get('kind')!r}")
    return tree


@contextmanager
def describing(folder: Path) -> Iterator[None]:
    """Whatever a description makes the code that rebuilds from it run into is its fault."""
    try:
        yield
    except (
        LookupError, TypeError, ValueError, ArithmeticError, AttributeError, AssertionError,
        RuntimeError, MemoryError,
    ) as error:  # fmt: skip
        raise damaged(folder, f"{type(error).__name__}: {error}") from error


def fill(network: Backbone, folder: Path, tree: Mapping[str, Any]) -> None:
    """Put the folder's weights into a network that was built by its description."""
    state = read_weights(folder / WEIGHTS_FILE, str(tree["weights_sha256"]), DESCRIPTION_FILE)
    if not any(name.startswith("pool.") for name in state):
        # A run from before pooling was balanced, when gates were in networks of clips, too.
        if any(".fusion." in name for name in state) and not network.fusions():
            with_fusion(network, parts=FusionParts(gates=True))
        network.pool = MeanPooling()
    needed = network.state_dict()
    wrong = misfit({name: tuple(value.shape) for name, value in needed.items()}, state) or next(
        (k for k, v in needed.items() if v.is_floating_point() != (state[k].dtype.kind == "f")),
        None,
    )
    if wrong:
        raise damaged(folder, f"weights that do not fit the described network: {wrong}")
    network.load_state_dict({name: torch.from_numpy(value) for name, value in state.items()})


def read_weights(path: Path, sha256: str, description: str) -> dict[str, np.ndarray]:
    """The arrays of a safetensors file, if its hash is that which the description vouches for."""
    content = read_bytes(path, "weights", MOST_WEIGHTS)
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        raise InputError(
            f"{path.name} is not the file that {description} was written for",
            place=path.parent,
            expected=f"sha256 {sha256[:_SHOWN]}...",
            found=f"sha256 {found[:_SHOWN]}...",
            remedy="the file was changed or damaged: copy the folder again",
        )
    return tensors_of(content, path)


def misfit(shapes: Mapping[str, tuple[int, ...]], state: Mapping[str, np.ndarray]) -> str | None:
    """The name of an array that is missing, superfluous or of another shape; None if all fit."""
    wrong = sorted(set(shapes) ^ set(state))
    wrong += sorted(k for k in set(shapes) & set(state) if shapes[k] != state[k].shape)
    return wrong[0] if wrong else None


def damaged(folder: Path, found: str) -> InputError:
    return InputError(
        f"{DESCRIPTION_FILE} does not describe a recognizer",
        place=folder,
        found=shown(found, 300)[1:-1],
        remedy="copy the run again, or train again",
    )
