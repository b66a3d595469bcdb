"""Thread counts are set explicitly: unlucky defaults have been seen to cost a factor of 20."""

from __future__ import annotations

import os
from contextlib import suppress

_MOST = 4


def usable_cores() -> int:
    """Cores that this process may run on."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:
        return os.cpu_count() or 1


def set_threads(count: int | None = None) -> int:
    """Give torch `count` threads within an operation and one across operations.

    Without a count: the usable cores, but no more than four, since the small products here
    do not gain from more. Returns the count.
    """
    import torch

    chosen = count if count else min(usable_cores(), _MOST)
    torch.set_num_threads(chosen)
    # Torch allows this once, before its first parallel work; later it keeps what it has.
    with suppress(RuntimeError):
        torch.set_num_interop_threads(1)
    return chosen
