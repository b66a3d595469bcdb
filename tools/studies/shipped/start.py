"""Training that starts with the weights of another network, also with fewer joints or no fusion.

Fusion changes nothing until it is trained, so a network starts out as good as the one before. A
joint that is new looks like its nearest relative, and nobody listens to it yet.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from mgskel.core.errors import InputError
from mgskel.core.skeleton import Skeleton, get_skeleton
from mgskel.models import Backbone

_RELATIVE = {"head": "nose"}
_PER_JOINT = ("stem.joint", "stem.norm.")


@dataclass(frozen=True)
class Start:
    """Attributes:
    weights: `model.safetensors` of a recognizer of the same sizes; empty for none.
    layout: the joints that it looks at.
    """

    weights: str = ""
    layout: str = "upper"


def start_with(network: Backbone, start: Start) -> None:
    """Give the network what the other one has learned (in place)."""
    if not start.weights:
        return
    from safetensors.torch import load_file

    # A block with a fusion behind it is stored one name deeper.
    before = {
        name.removeprefix("light.").replace(".block.", "."): value
        for name, value in load_file(start.weights).items()
    }
    state = network.state_dict()
    known, wanted = get_skeleton(start.layout), network.skeleton
    twins = [known.index(_known(joint, known)) for joint in wanted.joints]
    for name, value in state.items():
        source = before.get(name.replace(".block.", "."))
        if source is None:
            if ".fusion." in name:
                continue
            raise InputError("the weights to start with are of another network", found=name,
                             place=Path(start.weights))  # fmt: skip
        source = source.to(value.dtype)
        if name.startswith(_PER_JOINT):
            source = source[..., twins]
        elif name.endswith("graph.graphs"):
            source = _graphs(source, twins, wanted, known)
        state[name] = source
    network.load_state_dict(state)


def _known(joint: str, known: Skeleton) -> str:
    return joint if known.has(joint) else _RELATIVE[joint]


def _graphs(source: Tensor, twins: list[int], wanted: Skeleton, known: Skeleton) -> Tensor:
    """Graphs (heads, V, V) whose row v says from which joints u joint v gathers."""
    graphs = source[:, twins][:, :, twins].clone()
    for index, joint in enumerate(wanted.joints):
        if not known.has(joint):
            relative = wanted.index(_RELATIVE[joint])
            graphs[:, :, index] = 0
            graphs[:, index, index] = graphs[:, relative, relative]
            graphs[:, index, relative] = 0
    return graphs
