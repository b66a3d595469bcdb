"""Every part is tried in a process of its own, and what came out is one record per part.

A separate process keeps one broken library from hiding the others, catches crashes and hangs,
and swallows what native libraries print. Only the parts of the default path decide whether the
whole is well; the others are offers, with the command that brings them.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import TypeVar

TIME_LIMIT_S = 240.0
Trial = TypeVar("Trial", bound=Callable[[], str])


@dataclass(frozen=True)
class MachinePart:
    """Something that may work or not, and the command that brings it.

    Attributes:
        trial: "module:function"; the function returns a line about the part, or raises.
        needed: whether the default path stands on it.
        newest_python: the last Python for which its packages exist, if that is not the newest.
    """

    name: str
    trial: str
    needed: bool
    remedy: str
    newest_python: tuple[int, int] | None = None

    def way_to_it(self) -> str:
        """The remedy that applies to the running Python."""
        if self.newest_python is None or sys.version_info[:2] <= self.newest_python:
            return self.remedy
        wanted = ".".join(map(str, self.newest_python))
        return f"in an environment with Python {wanted} (from a checkout: make install)"


PARTS: list[MachinePart] = []


def part(
    name: str, remedy: str, needed: bool = False, newest_python: tuple[int, int] | None = None
) -> Callable[[Trial], Trial]:
    """Register the function below as the trial of a part."""

    def register(trial: Trial) -> Trial:
        place = f"{trial.__module__}:{trial.__name__}"
        PARTS.append(MachinePart(name, place, needed, remedy, newest_python))
        return trial

    return register


@dataclass(frozen=True)
class Check:
    """What came of trying one part; `remedy` is None where all is well."""

    name: str
    ok: bool
    needed: bool
    detail: str
    remedy: str | None


def examine(parts: Iterable[MachinePart] = PARTS, workers: int | None = None) -> tuple[Check, ...]:
    """Try every part, some at a time, and return one check each, in order."""
    from mgskel.core.machine.threads import usable_cores

    with ThreadPoolExecutor(workers or min(4, usable_cores())) as pool:
        return tuple(pool.map(_try, parts))


def all_needed(checks: Iterable[Check]) -> bool:
    """Whether the default path works."""
    return all(check.ok for check in checks if check.needed)


def as_json(checks: Iterable[Check]) -> dict[str, object]:
    """The machine-readable answer."""
    found = list(checks)
    return {"ok": all_needed(found), "checks": [asdict(check) for check in found]}


def as_text(checks: Iterable[Check]) -> str:
    """The answer for people: a line per part, remedies below those that need one."""
    found = list(checks)
    width = max(len(check.name) for check in found)
    lines = []
    for check in found:
        mark = "ok" if check.ok else "BROKEN" if check.needed else "without"
        lines.append(f"{mark:<8} {check.name:<{width}}  {check.detail}")
        if check.remedy:
            lines.append(f"{'':<8} {'':<{width}}  to get it: {check.remedy}")
    broken = [check.name for check in found if check.needed and not check.ok]
    lines.append("")
    if broken == ["mediapipe"]:
        lines.append("No clip can become keypoints; everything from keypoint files on works.")
    elif broken:
        lines.append(f"The default path does not work: {', '.join(broken)}.")
    else:
        lines.append("The default path works: clips, keypoints, gestures, words, report.")
    return "\n".join(lines)


# The child keeps its standard output for one line of answer; what libraries print goes nowhere.
_CHILD = """
import importlib, json, os, sys
answer = os.fdopen(os.dup(1), "w")
quiet = os.open(os.devnull, os.O_WRONLY)
os.dup2(quiet, 1)
os.dup2(quiet, 2)
module, function = sys.argv[1].split(":")
try:
    found = True, getattr(importlib.import_module(module), function)()
except ModuleNotFoundError as error:
    found = False, f"the package '{error.name}' is not installed"
except BaseException as error:
    # Our own errors speak for themselves; of others the first line says enough.
    text = getattr(error, "message", None) or f"{type(error).__name__}: {error}"
    found = False, text.splitlines()[0]
answer.write(json.dumps(found))
answer.flush()
os._exit(0)  # some native libraries crash or hang while they are taken down
"""


def _try(part: MachinePart) -> Check:
    command = [sys.executable, "-c", _CHILD, part.trial]
    environment = os.environ | {"GLOG_minloglevel": "3", "TF_CPP_MIN_LOG_LEVEL": "3"}
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=TIME_LIMIT_S, env=environment
        )
        ok, detail = json.loads(done.stdout)
    except subprocess.TimeoutExpired:
        ok, detail = False, f"no answer within {TIME_LIMIT_S:.0f} s"
    except ValueError:
        ok, detail = False, f"crashed (exit status {done.returncode})"
    return Check(part.name, ok, part.needed, detail, None if ok else part.way_to_it())
