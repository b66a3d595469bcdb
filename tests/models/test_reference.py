"""Stored scores of tiny networks: an unintended change of any network shows here.

After an intended one: ``python tests/models/test_reference.py`` writes them anew.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from torch import Tensor

from mgskel.models import create_model, list_models

STORED = Path(__file__).parent / "reference_scores.json"
TINY: dict[str, dict[str, object]] = {
    "light": {"channels": (8, 8, 16), "heads": 4},
    "stgcn": {"channels": (12, 12, 24)},
    "ctrgcn": {"channels": (8, 8, 16)},
    "gat": {"channels": (8, 8, 16), "heads": 2},
    "heatmap": {"channels": (8, 12), "grid": 8, "maps": 4},
}


def waves(shape: torch.Size | tuple[int, ...], phase: float) -> Tensor:
    """Numbers that look random and depend on no random generator."""
    size = torch.Size(shape).numel()
    steps = torch.arange(size, dtype=torch.float64)
    return torch.sin(steps * 12.9898 + phase).reshape(shape).float()


@torch.no_grad()
def scores(name: str, fusion: str) -> list[list[float]]:
    model = create_model(name, "natops8", 4, fusion=fusion, **TINY[name]).eval()  # type: ignore[arg-type]
    for number, (key, value) in enumerate(model.state_dict().items()):
        if value.is_floating_point():
            positive = key.endswith(("running_var", "variance"))
            value.copy_(
                1 + 0.2 * waves(value.shape, number)
                if positive
                else 0.7 * waves(value.shape, number)
            )
    x = waves((2, 3, 9, 8, 2), 0.5) * torch.tensor([1.0, 3.0]).view(2, 1, 1, 1, 1)
    mask = waves((2, 9, 8, 2), 0.1) > -0.7
    answer: list[list[float]] = model(x, mask).double().tolist()
    return answer


@pytest.mark.parametrize("fusion", ("off", "on"))
@pytest.mark.parametrize("name", list_models())
def test_scores_are_as_stored(name: str, fusion: str) -> None:
    stored = json.loads(STORED.read_text())[f"{name} fusion {fusion}"]
    found = scores(name, fusion)
    torch.testing.assert_close(torch.tensor(found), torch.tensor(stored), rtol=1e-4, atol=1e-5)
    assert (torch.tensor(stored).std(dim=0) > 1e-4).all(), "the samples are told apart"


if __name__ == "__main__":
    table = {f"{n} fusion {f}": scores(n, f) for n in list_models() for f in ("off", "on")}
    STORED.write_text(json.dumps(table, indent=1) + "\n")
