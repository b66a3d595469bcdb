"""Any top-down MMPose model: config by alias, name or file; weights; a way to find the persons.

The frames of a batch go through the network together. Boxes come from an MMDetection model, or
from the settings, or are the whole frame. Aliases are those of MMPose's own inferencer
('human', 'wholebody', ...), read from its installed model index.
"""

from __future__ import annotations

import dataclasses
import importlib.util
import warnings
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from mgskel.config import read_yaml
from mgskel.errors import InputError, MissingDependency, nearest
from mgskel.files import file_hash
from mgskel.pose.estimators import Detection, MMPoseSettings
from mgskel.skeleton import Skeleton, get_skeleton

PUBLISHED = "published"
_LAYOUT_OF_COUNT = {17: "coco17", 26: "halpe26", 133: "coco_wholebody133"}


class MMPose:
    """The `mmpose` estimator; several persons per frame."""

    def __init__(self, settings: MMPoseSettings) -> None:
        if settings.batch < 1:
            raise InputError("'batch' must be at least 1", found=str(settings.batch))
        self.identity: Mapping[str, Any] = identity(settings)
        self.batch_size = settings.batch
        self._settings = settings
        found = find_model(settings.config)
        self._model = _build_pose(found, settings)
        self.skeleton = _layout(settings, self._model.dataset_meta)
        self._pipeline = _pipeline(self._model)
        self._detector = _build_detector(settings) if settings.detector else None

    def reset(self) -> None:
        """Frames are independent of each other: nothing to forget."""

    def close(self) -> None:
        self._model = self._detector = None

    def estimate(self, images: Sequence[np.ndarray]) -> list[list[Detection]]:
        # MMPose was trained on pictures as OpenCV reads them: blue first.
        pictures = [np.ascontiguousarray(image[..., ::-1]) for image in images]
        boxes = [self._boxes(picture) for picture in pictures]
        samples = [
            self._sample(picture, box)
            for picture, of_frame in zip(pictures, boxes, strict=True)
            for box in of_frame
        ]
        people = iter(self._predict(samples))
        return [[next(people) for _ in of_frame] for of_frame in boxes]

    def _boxes(self, picture: np.ndarray) -> np.ndarray:
        """(n, 4) left, top, right, bottom of the persons in a picture."""
        if self._detector is not None:
            return self._detector.boxes(picture)
        if self._settings.box is not None:
            return np.array([self._settings.box], np.float32)
        height, width = picture.shape[:2]
        return np.array([[0, 0, width, height]], np.float32)

    def _sample(self, picture: np.ndarray, box: np.ndarray) -> Any:
        content = {"img": picture, "bbox": box[None], "bbox_score": np.ones(1, np.float32)}
        return self._pipeline({**content, **self._model.dataset_meta})

    def _predict(self, samples: Sequence[Any]) -> Iterator[Detection]:
        import torch
        from mmengine.dataset import pseudo_collate

        size = self._settings.batch
        for begin in range(0, len(samples), size):
            with torch.no_grad(), warnings.catch_warnings():
                # MMPose's heads use torch's older spelling of autocast.
                warnings.simplefilter("ignore", FutureWarning)
                results = self._model.test_step(pseudo_collate(samples[begin : begin + size]))
            for result in results:
                yield _detection(result.pred_instances)


class _Detector:
    """Finds the boxes of persons by an MMDetection model."""

    def __init__(self, model: Any, person: int, min_score: float) -> None:
        self._model, self._person, self._min_score = model, person, min_score

    def boxes(self, picture: np.ndarray) -> np.ndarray:
        from mmdet.apis import inference_detector

        with warnings.catch_warnings():
            # MMDetection uses older spellings of torch's autocast and meshgrid.
            warnings.simplefilter("ignore")
            found = inference_detector(self._model, picture).pred_instances.cpu()
        labels, scores = found.labels.numpy(), found.scores.numpy()
        return found.bboxes.numpy()[(labels == self._person) & (scores >= self._min_score)]


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


def identity(settings: MMPoseSettings) -> dict[str, Any]:
    """Name, versions, hashes of configs and weights, and settings, without loading a model."""
    found = find_model(settings.config)
    weights = _checkpoint(found, settings)
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


def _build_pose(found: FoundModel, settings: MMPoseSettings) -> Any:
    from mgskel.pose.checkpoints import load_weights
    from mgskel.pose.mmcv_ops import provide_mmcv_ops

    _check_device(settings.device)
    weights = _checkpoint(found, settings)
    provide_mmcv_ops()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from mmpose.apis import init_model

        model = init_model(str(found.config), None, device="cpu")
    if not hasattr(model, "head") or _pipeline_config(model) is None:
        raise InputError(
            "this config is not of a top-down pose estimator",
            place=found.config.name,
            expected="a model with a test pipeline, such as RTMPose or HRNet",
        )
    if weights is not None:
        meta = load_weights(model, weights).get("dataset_meta")
        if isinstance(meta, Mapping):
            model.dataset_meta = dict(meta)
    return model.to(settings.device).eval()


def _build_detector(settings: MMPoseSettings) -> _Detector:
    from mgskel.pose.checkpoints import load_weights

    config = Path(settings.detector)
    if not config.is_file():
        config = _bundled_detector(settings.detector)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from mmdet.apis import init_detector

        model = init_detector(str(config), None, device="cpu", palette="random")
    if settings.detector_checkpoint:
        load_weights(model, Path(settings.detector_checkpoint))
    elif not settings.allow_random_weights:
        raise _no_weights("detector", "--detector-checkpoint FILE")
    classes = tuple(model.dataset_meta.get("classes", ()))
    if "person" not in classes:
        raise InputError(
            "this detector does not know persons",
            place=config.name,
            expected="'person' among its classes",
            found=", ".join(classes[:5]),
        )
    model = model.to(settings.device).eval()
    return _Detector(model, classes.index("person"), settings.detector_score)


def _bundled_detector(name: str) -> Path:
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


def _checkpoint(found: FoundModel, settings: MMPoseSettings) -> Path | None:
    if settings.checkpoint == PUBLISHED:
        return _download(found)
    if settings.checkpoint:
        path = Path(settings.checkpoint)
        if not path.is_file():
            raise InputError(f"checkpoint not found: {path}", remedy="check the path")
        return path
    if settings.allow_random_weights:
        return None
    raise _no_weights("mmpose", f"--checkpoint FILE, or --checkpoint {PUBLISHED} to download it")


def _download(found: FoundModel) -> Path:
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


def _no_weights(what: str, remedy: str) -> InputError:
    return InputError(
        f"{what} has no weights: its keypoints would mean nothing",
        remedy=f"add {remedy} (or --allow-random-weights to test the plumbing)",
    )


def _check_device(device: str) -> None:
    import torch

    try:
        kind = torch.device(device).type
    except RuntimeError as error:
        raise InputError(f"unknown device '{device}'", expected="cpu or cuda:0") from error
    if kind == "cuda" and not torch.cuda.is_available():
        raise InputError(
            f"no GPU for the device '{device}'", remedy="use --device cpu, or see 'mgskel doctor'"
        )


def _pipeline_config(model: Any) -> Any:
    loader = model.cfg.get("test_dataloader")
    return loader.dataset.get("pipeline") if loader else None


def _pipeline(model: Any) -> Any:
    from mmengine.dataset import Compose
    from mmengine.registry import init_default_scope

    init_default_scope(model.cfg.get("default_scope", "mmpose"))
    return Compose(_pipeline_config(model))


def _layout(settings: MMPoseSettings, meta: Mapping[str, Any]) -> Skeleton:
    """Our layout of the model's keypoints, told from their number and names."""
    count = int(meta["num_keypoints"])
    names = [meta["keypoint_id2name"][i] for i in range(count)]
    if settings.layout:
        layout = get_skeleton(settings.layout)
    elif count in _LAYOUT_OF_COUNT and names[:17] == list(get_skeleton("coco17").joints):
        layout = get_skeleton(_LAYOUT_OF_COUNT[count])
    else:
        raise InputError(
            f"no layout known for these {count} keypoints",
            expected="COCO's 17, Halpe's 26 or COCO-WholeBody's 133",
            found=", ".join(names[:6]) + ", ...",
            remedy="describe them in a layout file: --estimator.mmpose.layout my.yaml",
        )
    if layout.num_joints != count:
        raise InputError(
            "the layout does not fit the model",
            expected=f"{count} joints",
            found=f"{layout.name} with {layout.num_joints}",
        )
    return layout


def _detection(instances: Any) -> Detection:
    points = np.asarray(instances.keypoints, np.float32)[0, :, :2].copy()
    # SimCC heads may score a little above 1.
    scores = np.clip(np.asarray(instances.keypoint_scores, np.float32)[0], 0, 1)
    scores[~np.isfinite(points).all(-1)] = 0
    points[scores == 0] = np.nan
    return Detection(points, scores)


def _hash_of(path: str) -> str:
    return file_hash(path) if path and Path(path).is_file() else path
