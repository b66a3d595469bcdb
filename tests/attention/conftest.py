"""Small networks that were taught to look at one known joint at one known time."""

from __future__ import annotations

import pytest
import torch
from attention_cases import planted, small_network


@pytest.fixture(scope="session", params=["light", "gat"])
def taught(request):
    network = small_network(request.param)
    optimiser = torch.optim.AdamW(network.parameters(), lr=5e-3)
    network.train()
    for step in range(30):
        x, labels = planted(16, step)
        loss = torch.nn.functional.cross_entropy(network(x), labels)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    network.eval()
    x, labels = planted(64, 999)
    with torch.no_grad():
        assert (network(x).argmax(1) == labels).float().mean() > 0.95
    return network
