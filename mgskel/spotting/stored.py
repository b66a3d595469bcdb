"""Spotters on disk: weights as numbers, everything else as text; nothing in them is executed."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import mgskel
from mgskel.core.config import from_dict, to_dict
from mgskel.core.errors import InputError
from mgskel.core.files import file_hash, json_hash, read_json, write_json, writing
from mgskel.core.gestures import Vocabulary
from mgskel.core.weights import DESCRIPTION_FILE, WEIGHTS_FILE, misfit, read_weights
from mgskel.models import Backbone
from mgskel.spotting.clip_rule import ClipRule
from mgskel.spotting.decoding import DecodingSettings
from mgskel.spotting.features import StreamInput
from mgskel.spotting.network import build_stream_network
from mgskel.training.recognizer import ModelSpec

if TYPE_CHECKING:
    from mgskel.spotting.spotter import Spotter

SCHEMA = "mgskel-spotter/2"
_DECISIVE = ("weights_sha256", "model", "input", "vocabulary", "decoding", "clip_rule")


def save_spotter(spotter: Spotter, folder: Path) -> None:
    """Write weights (half precision), then the description that vouches for them."""
    from safetensors.numpy import save_file

    folder.mkdir(parents=True, exist_ok=True)
    values = {name: value.cpu().numpy() for name, value in spotter.network.state_dict().items()}
    state = {
        name: np.array(value, np.float16) if value.dtype.kind == "f" else np.array(value)
        for name, value in values.items()
    }
    with writing(folder / WEIGHTS_FILE) as temporary:
        save_file(state, temporary)
    write_json(
        folder / DESCRIPTION_FILE,
        {
            "schema": SCHEMA,
            "mgskel": mgskel.__version__,
            "name": spotter.name,
            "weights_sha256": file_hash(folder / WEIGHTS_FILE),
            "model": to_dict(spotter.model),
            "input": to_dict(spotter.input),
            "vocabulary": to_dict(asdict(spotter.vocabulary)),
            "decoding": to_dict(spotter.decoding),
            "clip_rule": to_dict(spotter.clip_rule),
            "notes": to_dict(dict(spotter.notes)),
        },
    )


def read_spotter(folder: Path) -> Spotter:
    """Rebuild a spotter from its folder."""
    from mgskel.spotting.spotter import Spotter

    tree = _description(folder)
    place = str(folder / DESCRIPTION_FILE)
    try:
        vocabulary = from_dict(Vocabulary, tree["vocabulary"], place)
        decoding = from_dict(DecodingSettings, tree["decoding"], place)
        clip_rule = from_dict(ClipRule, tree["clip_rule"], place)
        model = from_dict(ModelSpec, tree["model"], place)
        wanted = from_dict(StreamInput, tree["input"], place)
        network = build_stream_network(model, wanted, len(vocabulary))
        name, notes = str(tree["name"]), dict(tree.get("notes", {}))
    except (KeyError, TypeError, ValueError, AssertionError) as error:
        raise _damaged(folder, f"{type(error).__name__}: {error}") from error
    biases = len(clip_rule.bias) or len(vocabulary)
    if not len(vocabulary) == len(decoding.enter) == len(decoding.leave) == biases:
        raise _damaged(folder, "thresholds for another number of classes")
    _fill(network, folder, str(tree["weights_sha256"]))
    fingerprint = json_hash({key: tree[key] for key in _DECISIVE})
    return Spotter(
        network.eval(), model, wanted, vocabulary, decoding, name, fingerprint, notes, clip_rule
    )


def _description(folder: Path) -> dict[str, Any]:
    missing = [name for name in (DESCRIPTION_FILE, WEIGHTS_FILE) if not (folder / name).is_file()]
    if missing:
        raise InputError(
            f"no spotter at {folder}",
            expected=f"a folder with {DESCRIPTION_FILE} and {WEIGHTS_FILE}",
            found=f"no {' and no '.join(missing)}" if folder.is_dir() else "no such folder",
            remedy="leave out the model to use the one that ships, or train one: "
            "docs/howto/annotate-and-finetune.md",
        )
    tree = read_json(folder / DESCRIPTION_FILE, "spotter description")
    if not isinstance(tree, dict) or "schema" not in tree:
        raise _damaged(folder, "no schema")
    if tree["schema"] != SCHEMA:
        raise InputError(
            "this is not a spotter of this version",
            place=folder,
            expected=SCHEMA,
            found=tree["schema"],
            remedy="runs of 'mgskel train' classify cut clips ('mgskel predict'); "
            "for long recordings train a spotter: docs/howto/annotate-and-finetune.md",
        )
    return tree


def _fill(network: Backbone, folder: Path, expected: str) -> None:
    import torch

    state = read_weights(folder / WEIGHTS_FILE, expected, DESCRIPTION_FILE)
    own = {name: tuple(value.shape) for name, value in network.state_dict().items()}
    wrong = misfit(own, state)
    if wrong:
        raise _damaged(folder, f"weights that do not fit the described network: {wrong}")
    network.load_state_dict({name: torch.from_numpy(value) for name, value in state.items()})


def _damaged(folder: Path, found: str) -> InputError:
    return InputError(
        f"{DESCRIPTION_FILE} does not describe a spotter",
        place=folder,
        found=found,
        remedy="copy the folder again",
    )
