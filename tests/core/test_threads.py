"""Threads and memory of a process."""

from __future__ import annotations

import os
import platform
import subprocess
import sys

import pytest

from mgskel.core.machine.threads import keep_freed_memory, set_threads, usable_cores


def test_threads_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    before = torch.get_num_threads()
    try:
        assert set_threads(1) == torch.get_num_threads() == 1
        monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
        assert set_threads() == min(usable_cores(), 4)
        monkeypatch.setenv("OMP_NUM_THREADS", "1")
        assert set_threads() == 1
        monkeypatch.setenv("OMP_NUM_THREADS", "many")
        assert set_threads() == min(usable_cores(), 4)
    finally:
        torch.set_num_threads(before)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="a matter of glibc")
def test_freed_memory_is_used_again() -> None:
    """Page faults of arrays that are made and dropped over and over, with and without."""
    program = """
import resource, sys
import numpy as np
from mgskel.core.machine.threads import keep_freed_memory
if sys.argv[1] == "keep":
    assert keep_freed_memory()
def churn():
    held = [np.ones(500_000) for _ in range(6)]
churn()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(5):
    churn()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""
    faults = {}
    for how in ("keep", "hand back"):
        command = [sys.executable, "-c", program, how]
        done = subprocess.run(command, capture_output=True, text=True, check=True, env=os.environ)
        faults[how] = int(done.stdout)
    assert faults["keep"] < 0.1 * faults["hand back"]


def test_other_systems_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    import ctypes

    monkeypatch.setattr(ctypes, "CDLL", lambda name: object())
    assert not keep_freed_memory()
