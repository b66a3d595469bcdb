"""Where MMPose's models, detectors and weights are: by alias, by name, by file."""

from __future__ import annotations

import dataclasses
import importlib.util
from collections.abc import Mapping
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from mgskel.core.config import read_yaml
from mgskel.core.errors import InputError, MissingDependency, nearest
from mgskel.core.files import file_hash
from mgskel.pose.estimators import MMPoseSettings

PUBLISHED = "published"


@dataclasses.dataclass(frozen=True)
class FoundModel:
    """A model of MMPose's: its config file and where its weights are published, if anywhere."""

    config: Path
    weights_url: str | None = None


def find_model(name: str) -> FoundModel:
    """A config by file, by alias ('human', 'wholebody'), or by its name in MMPose's index."""
    if not name:
        raise InputError(
            "mmpose needs a config",
            expected="an alias, a name or a file",
            remedy="for example --mmpose-config wholebody, with --checkpoint FILE",
        )
    if Path(name).suffix == ".py":
        if not Path(name).is_file():
            raise InputError(f"config not found: {name}", remedy="check the path")
        return FoundModel(Path(name))
    known = _index()
    if name not in known:
        guess = nearest(name, known)
        raise InputError(
            f"unknown mmpose config '{name}'",
            expected="a .py file, an alias such as 'human' or 'wholebody', or a name such as "
            "'rtmpose-t_8xb256-420e_coco-256x192'",
            remedy=f"did you mean '{guess}'?" if guess else None,
        )
    return known[name]


@cache
def _index() -> Mapping[str, FoundModel]:
    """Aliases, model names and config names of the installed MMPose."""
    spec = importlib.util.find_spec("mmpose")
    if spec is None or spec.origin is None:
        raise MissingDependency("mmpose", "mmpose", "the estimator 'mmpose'")
    root = Path(spec.origin).parent / ".mim"
    files = [p for p in sorted((root / "configs").rglob("*.py")) if "_base_" not in p.parts]
    known = {path.stem: FoundModel(path) for path in files}
    aliases: dict[str, FoundModel] = {}
    for entry in read_yaml(root / "model-index.yml")["Import"]:
        content = read_yaml(root / entry)
        models = content["Models"] if isinstance(content, dict) else content
        for model in models:
            found = FoundModel(root / model["Config"], model.get("Weights"))
            if not found.config.is_file():
                continue
            known[found.config.stem] = found
            names = model.get("Alias") or []
            for alias in [names] if isinstance(names, str) else names:
                aliases[alias] = found
    return known | aliases


def bundled_detector(name: str) -> Path:
    """A detector config by its name among those that come with MMPose."""
    spec = importlib.util.find_spec("mmpose")
    folder = Path(spec.origin).parent / ".mim" / "demo" if spec and spec.origin else Path()
    known = {
        path.stem: path for path in sorted(folder.rglob("*.py")) if "mmdet" in str(path.parent)
    }
    if name not in known:
        raise InputError(
            f"unknown detector '{name}'",
            expected="a config file of MMDetection, or one of " + ", ".join(known),
        )
    return known[name]


def find_weights(found: FoundModel, settings: MMPoseSettings) -> Path | None:
    """The weights file asked for; None where random weights are allowed and none is given."""
    if settings.checkpoint == PUBLISHED:
        return download(found)
    if settings.checkpoint:
        path = Path(settings.checkpoint)
        if not path.is_file():
            raise InputError(f"checkpoint not found: {path}", remedy="check the path")
        return path
    if settings.allow_random_weights:
        return None
    raise no_weights("mmpose", f"--checkpoint FILE, or --checkpoint {PUBLISHED} to download it")


def download(found: FoundModel) -> Path:
    """The weights that MMPose publishes for a model; only on the user's word."""
    import torch

    if not found.weights_url:
        raise InputError(f"MMPose publishes no weights for {found.config.stem}")
    folder = Path(torch.hub.get_dir()) / "checkpoints"
    path = folder / found.weights_url.rsplit("/", 1)[-1]
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        try:
            torch.hub.download_url_to_file(found.weights_url, str(path), progress=False)
        except OSError as error:
            raise InputError(
                f"the published weights could not be fetched: {error}",
                place=found.weights_url,
                remedy="fetch the file elsewhere and give it with --checkpoint FILE",
            ) from error
    return path


def no_weights(what: str, remedy: str) -> InputError:
    return InputError(
        f"{what} has no weights: its keypoints would mean nothing",
        remedy=f"add {remedy} (or --allow-random-weights to test the plumbing)",
    )


def identity(settings: MMPoseSettings) -> dict[str, Any]:
    """Name, versions, hashes of configs and weights, and settings, without loading a model."""
    found = find_model(settings.config)
    weights = find_weights(found, settings)
    plain = dataclasses.asdict(settings)
    for path in ("config", "checkpoint", "detector", "detector_checkpoint"):
        # Only names: where a file lies is nobody's business, and its hash says what it is.
        plain[path] = Path(plain[path]).name
    return {
        "name": "mmpose",
        "version": version("mmpose"),
        "config": file_hash(found.config),
        "weights": file_hash(weights) if weights else "random",
        "detector": _hash_of(settings.detector),
        "detector_weights": _hash_of(settings.detector_checkpoint),
        "settings": plain,
    }


def _hash_of(path: str) -> str:
    return file_hash(path) if path and Path(path).is_file() else path
