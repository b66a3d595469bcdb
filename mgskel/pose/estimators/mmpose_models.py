"""MMPose's models: where configs, detectors and weights are, and weights loaded safely.

Checkpoints of others are loaded without running anything in them, and only into what they fit.
"""

from __future__ import annotations

import dataclasses
import importlib.util
import pickle
import zipfile
from collections.abc import Mapping
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from mgskel.core.errors import InputError, MissingDependency, listed, nearest
from mgskel.core.storage.files import file_hash
from mgskel.core.storage.intake import read_yaml
from mgskel.pose.estimator import option

PUBLISHED = "published"
FINDER = "mediapipe"
_SHOWN = 3


@dataclasses.dataclass(frozen=True)
class MMPoseSettings:
    """A config by alias or file, its checkpoint, and how the person's box is found.

    The box comes from `detector` ('mediapipe' for the one in MediaPipe's wheel, or an MMDetection
    config with `detector_checkpoint`), or is given (`box`: left, top, right, bottom in pixels), or
    is the whole frame.
    """

    config: str = option("", "--mmpose-config", "alias or file of a config", "NAME")
    checkpoint: str = option("", "--checkpoint", "its weights", "FILE")
    layout: str = ""
    detector: str = option(
        "", "--detector", "what finds people: mediapipe, or an MMDetection config", "NAME"
    )
    detector_checkpoint: str = option("", "--detector-checkpoint", "the detector's weights", "FILE")
    detector_score: float = 0.3
    box: tuple[float, float, float, float] | None = option(
        None, "--box", "the person's box, in pixels", "L,T,R,B"
    )
    device: str = option("cpu", "--device", "cpu or cuda:0")
    batch: int = option(8, "--batch", "frames estimated together", "N")
    allow_random_weights: bool = option(
        False, "--allow-random-weights", "run untrained, to test the plumbing"
    )

    @property
    def needs_full_size(self) -> bool:
        """A given box is in pixels of the whole picture."""
        return self.box is not None


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


def load_weights(model: Any, path: Path) -> dict[str, Any]:
    """Put a checkpoint's weights into a model; gives the checkpoint's `meta`.

    `.safetensors`, and torch files read with their safe subset of pickle.
    """
    content = _read(path)
    weights = content.get("state_dict", content)
    if not isinstance(weights, Mapping):
        raise _unfit(path, "no 'state_dict' of named arrays")
    _check_fit(model, weights, path)
    model.load_state_dict(weights, strict=False)
    meta = content.get("meta")
    return dict(meta) if isinstance(meta, Mapping) else {}


def _read(path: Path) -> Mapping[str, Any]:
    import torch

    if not path.is_file():
        raise InputError(f"checkpoint not found: {path}", remedy="check the path")
    try:
        if path.suffix == ".safetensors":
            from safetensors.torch import load_file

            return load_file(str(path))
        with torch.serialization.safe_globals(_harmless()):
            content = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise InputError(
            "the checkpoint holds more than arrays and plain values, so it was not loaded: "
            "loading could run code",
            place=path,
            found=_first_line(error),
            remedy="if you trust its source, save its 'state_dict' alone: "
            "torch.save({'state_dict': torch.load(OLD, weights_only=False)['state_dict']}, NEW)",
        ) from error
    except (OSError, RuntimeError, EOFError, ValueError, zipfile.BadZipFile) as error:
        raise _unfit(path, _first_line(error)) from error
    except Exception as error:
        if type(error).__module__.startswith("safetensors"):
            raise _unfit(path, _first_line(error)) from error
        raise
    if not isinstance(content, Mapping):
        raise _unfit(path, type(content).__name__)
    return content


def _harmless() -> list[Any]:
    """Numpy arrays and numbers, which many checkpoints hold beside the weights."""
    kinds = [type(np.dtype(name)) for name in ("f4", "f8", "i4", "i8", "u1", "?")]
    reconstruct = np.zeros(0).__reduce__()[0]
    scalar = np.float64(0).__reduce__()[0]
    return [np.ndarray, np.dtype, reconstruct, scalar, *kinds]


def _check_fit(model: Any, weights: Mapping[str, Any], path: Path) -> None:
    """Refuse weights of another model; half-loaded models look fine and see nothing."""
    wanted = model.state_dict()
    missing = [name for name in wanted if name not in weights]
    other = [
        f"{name} {tuple(weights[name].shape)} for {tuple(wanted[name].shape)}"
        for name in wanted
        if name in weights and weights[name].shape != wanted[name].shape
    ]
    if not missing and not other:
        return
    faults = []
    if missing:
        names = listed(missing, _SHOWN)
        faults.append(f"{len(missing)} of {len(wanted)} weights missing ({names})")
    if other:
        faults.append(f"{len(other)} of another shape ({listed(other, _SHOWN)})")
    raise InputError(
        "the checkpoint is not of this config's model",
        place=path,
        expected="weights for every layer of the config",
        found="; ".join(faults),
        remedy="choose the config that the checkpoint was trained with",
    )


def _unfit(path: Path, found: str) -> InputError:
    return InputError(
        "this is not a checkpoint that can be read",
        place=path,
        expected="a torch checkpoint or .safetensors file",
        found=found,
        remedy="the download may be cut off; fetch it again",
    )


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
