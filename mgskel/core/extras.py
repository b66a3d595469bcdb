"""The command that installs an optional part.

Two estimators need a second step: they declare dependencies that don't resolve together with the
rest, so their packages are installed without them. The reasons stand in requirements/no-deps.txt,
and a test keeps the versions here equal to those there.
"""

from __future__ import annotations

_PIP = "python -m pip install"
_SECOND_STEP = {
    "mediapipe": f"{_PIP} --no-deps mediapipe==0.10.21",
    "mmpose": (
        f"{_PIP} --no-deps --no-build-isolation --use-pep517 --no-binary xtcocotools"
        " xtcocotools==1.14.3 mmpose==1.3.2 mmdet==3.2.0 mmcv-lite==2.1.0 mmengine==0.10.7"
        " torchvision==0.15.2"
    ),
}


def install_command(extra: str) -> str:
    """What to type to get one of the extras of pyproject.toml, beside an installed mgskel."""
    first = f"{_PIP} 'mgskel[{extra}]'"
    return f"{first} && {_SECOND_STEP[extra]}" if extra in _SECOND_STEP else first
