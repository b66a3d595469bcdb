"""How much of the machine a process takes: threads and freed memory, set explicitly.

Unlucky defaults have been seen to cost a factor of 20 for threads, and a fifth of each training
step for memory.
"""

from __future__ import annotations

import ctypes
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

    Without a count: what OMP_NUM_THREADS says, else the usable cores, but no more than four,
    since the small products here do not gain from more. Returns the count.
    """
    import torch

    asked = os.environ.get("OMP_NUM_THREADS", "")
    wished = int(asked) if asked.isdecimal() and int(asked) else _MOST
    chosen = count if count else min(usable_cores(), wished, _MOST)
    torch.set_num_threads(chosen)
    # Torch allows this once, before its first parallel work; later it keeps what it has.
    with suppress(RuntimeError):
        torch.set_num_interop_threads(1)
    return chosen


def keep_freed_memory() -> bool:
    """Let this process keep memory that it frees, for its next batch; True where that works.

    The C library of Linux otherwise hands every large array back to the system, which then has
    to clear and map the same pages again, thousands of them in each training step.
    """
    trim_threshold, mmap_threshold = -1, -3
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return False
    kept = mallopt(mmap_threshold, 1 << 30), mallopt(trim_threshold, (1 << 31) - 1)
    return all(kept)
