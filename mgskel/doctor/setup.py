"""Bring an estimator's packages into the running environment, by the steps that work."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Callable

from mgskel.core.errors import InputError, PartFailed
from mgskel.core.machine.extras import NO_DEPENDENCIES, setup_steps
from mgskel.doctor.checks import PARTS, Check, MachinePart, examine

ESTIMATORS = tuple(NO_DEPENDENCIES)


def set_up(estimator: str, tell: Callable[[str], None], dry_run: bool = False) -> Check | None:
    """Install an estimator's packages and try it; a dry run only tells the commands."""
    (part,) = (one for one in PARTS if one.name == estimator)
    _check_python(part)
    steps = setup_steps(estimator)
    if not dry_run and "--no-build-isolation" in steps[1]:
        _check_compiler()
    for step in steps:
        tell(shlex.join(["python", "-m", "pip", *step]))
        if dry_run:
            continue
        # What pip says is no answer of ours: it goes to standard error.
        command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input", *step]
        done = subprocess.run(command, stdout=2, check=False)
        if done.returncode:
            raise PartFailed(
                f"pip could not install what {estimator} needs",
                remedy="its own message above says why; the command can be run again",
            )
    if dry_run:
        return None
    (check,) = examine([part])
    return check


def _check_python(part: MachinePart) -> None:
    if part.newest_python is not None and sys.version_info[:2] > part.newest_python:
        newest = ".".join(map(str, part.newest_python))
        raise InputError(
            f"the packages of {part.name} exist for Python up to {newest}",
            found="Python {}.{}".format(*sys.version_info),
            remedy=part.way_to_it(),
        )


def _check_compiler() -> None:
    compiler = os.environ.get("CC", "cc")
    header = os.path.join(sysconfig.get_path("include"), "Python.h")
    for present, what, package in (
        (shutil.which(compiler), f"no C compiler ({compiler})", "build-essential"),
        (os.path.exists(header), "no headers of this Python", "python3-dev"),
    ):
        if not present:
            raise InputError(
                f"{what} found; one small package (xtcocotools) is compiled here",
                remedy=f"apt-get install {package}",
            )
