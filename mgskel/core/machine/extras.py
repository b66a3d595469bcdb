"""How an optional part is installed.

Two estimators need a second step: they declare dependencies that don't resolve together with the
rest, so their packages are installed without them. The reasons stand in requirements/no-deps.txt,
and a test keeps the versions here equal to those there.
"""

from __future__ import annotations

import re

NO_DEPENDENCIES = {
    "mediapipe": ("mediapipe==0.10.21",),
    "mmpose": (
        *("--no-build-isolation", "--use-pep517", "--no-binary", "xtcocotools"),
        *("xtcocotools==1.14.3", "mmpose==1.3.2", "mmdet==3.2.0", "mmcv-lite==2.1.0"),
        *("mmengine==0.10.7", "torchvision==0.15.2"),
    ),
}


def install_command(extra: str) -> str:
    """What to type to get one of the extras of pyproject.toml, beside an installed mgskel."""
    if extra in NO_DEPENDENCIES:
        return f"mgskel setup {extra}"
    return f"python -m pip install 'mgskel[{extra}]'"


def setup_steps(estimator: str) -> tuple[tuple[str, ...], ...]:
    """pip's arguments, step by step, that bring an estimator into this environment."""
    return (
        ("install", *requirements_of(estimator)),
        ("install", "--no-deps", *NO_DEPENDENCIES[estimator]),
    )


def requirements_of(extra: str) -> tuple[str, ...]:
    """The requirements that an extra of the installed mgskel names."""
    from importlib import metadata  # a quarter of the time that --help takes

    marked = re.compile(rf"(.+?)\s*;\s*extra == ['\"]{re.escape(extra)}['\"]$")
    lines = metadata.requires("mgskel") or []
    return tuple(match[1] for line in lines if (match := marked.match(line)))
