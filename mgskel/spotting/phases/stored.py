"""Phase labellers on disk: weights as numbers, everything else as text."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import mgskel
from mgskel.core.config import from_dict, to_dict
from mgskel.core.errors import InputError
from mgskel.core.files import write_json, writing
from mgskel.core.intake import read_json
from mgskel.core.skeleton import skeleton_from_dict, skeleton_to_dict
from mgskel.spotting.phases.linear import LinearWindows
from mgskel.spotting.phases.motion import num_channels
from mgskel.spotting.phases.network import PhaseNetwork, PhaseNetworkSettings

if TYPE_CHECKING:
    from mgskel.spotting.phases.labeller import PhaseLabeller

_SCHEMA = "mgskel-phases/1"
_LINEAR = ("mean", "spread", "weights")
_WEIGHTS, _DESCRIPTION = "phases.safetensors", "phases.json"


def save_labeller(labeller: PhaseLabeller, folder: Path) -> None:
    import torch
    from safetensors.torch import save_file

    folder.mkdir(parents=True, exist_ok=True)
    state = {
        f"{index}.{name}": value.contiguous()
        for index, network in enumerate(labeller.networks)
        for name, value in network.state_dict().items()
    }
    for index, linear in enumerate(labeller.linear):
        for name in _LINEAR:
            state[f"linear.{index}.{name}"] = torch.from_numpy(getattr(linear, name).copy())
    with writing(folder / _WEIGHTS) as temporary:
        save_file(state, temporary)
    write_json(
        folder / _DESCRIPTION,
        {
            "schema": _SCHEMA,
            "mgskel": mgskel.__version__,
            "names": list(labeller.names),
            "rest": labeller.rest,
            "skeleton": skeleton_to_dict(labeller.skeleton),
            "linear": len(labeller.linear),
            "networks": [to_dict(network.settings) for network in labeller.networks],
        },
    )


def read_labeller(folder: Path) -> PhaseLabeller:
    """Rebuild a labeller; nothing in its folder is executed."""
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    from mgskel.spotting.phases.labeller import PhaseLabeller

    place = folder / _DESCRIPTION
    tree = read_json(place, "description of a phase labeller")
    if not isinstance(tree, dict) or tree.get("schema") != _SCHEMA:
        raise InputError("not a phase labeller", place=place, expected=f"schema {_SCHEMA}",
                         remedy="train one: tools/phases.py learn")  # fmt: skip
    try:
        skeleton = skeleton_from_dict(tree["skeleton"], str(place))
        state = load_file(folder / _WEIGHTS)
        networks = []
        for index, settings in enumerate(tree["networks"]):
            network = PhaseNetwork(
                num_channels(skeleton),
                len(tree["names"]),
                from_dict(PhaseNetworkSettings, settings, str(place)),
            )
            prefix = f"{index}."
            network.load_state_dict(
                {k.removeprefix(prefix): v for k, v in state.items() if k.startswith(prefix)}
            )
            networks.append(network.eval())
        linear = tuple(
            LinearWindows(
                mean=state[f"linear.{index}.mean"].numpy(),
                spread=state[f"linear.{index}.spread"].numpy(),
                weights=state[f"linear.{index}.weights"].numpy(),
            )
            for index in range(int(tree["linear"]))
        )
        names = tuple(map(str, tree["names"]))
        return PhaseLabeller(tuple(networks), names, tree["rest"], skeleton, linear)
    except (KeyError, TypeError, ValueError, RuntimeError, OSError, SafetensorError) as error:
        raise InputError(
            "the phase labeller cannot be rebuilt",
            place=folder,
            found=f"{type(error).__name__}: {error}".splitlines()[0],
            remedy="copy the folder again, or train it anew",
        ) from error
