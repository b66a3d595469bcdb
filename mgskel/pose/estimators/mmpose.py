"""Any top-down MMPose model: config by alias, name or file; weights; a way to find the persons.

The frames of a batch go through the network together. Boxes come from an MMDetection model, or
from the settings, or are the whole frame. Aliases are those of MMPose's own inferencer
('human', 'wholebody', ...), read from its installed model index.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mgskel.core.errors import InputError, MgskelError
from mgskel.core.machine.threads import set_threads
from mgskel.core.skeleton import Skeleton, get_skeleton
from mgskel.pose.estimator import Detection, estimator
from mgskel.pose.estimators.mediapipe_finder import PersonFinder
from mgskel.pose.estimators.mediapipe_graphs import weights_hash
from mgskel.pose.estimators.mmcv_stand_ins import provide_mmcv_ops
from mgskel.pose.estimators.mmpose_models import (
    FINDER,
    FoundModel,
    MMPoseSettings,
    bundled_detector,
    find_model,
    find_weights,
    identity,
    load_weights,
    no_weights,
)

_LAYOUT_OF_COUNT = {17: "coco17", 26: "halpe26", 133: "coco_wholebody133"}


@estimator("mmpose", settings=MMPoseSettings, identity=identity)
class MMPose:
    """The `mmpose` estimator; several persons per frame."""

    def __init__(self, settings: MMPoseSettings, threads: int | None = None) -> None:
        set_threads(threads)
        if settings.batch < 1:
            raise InputError("'batch' must be at least 1", found=str(settings.batch))
        self.identity: Mapping[str, Any] = identity(settings)
        self.batch_size = settings.batch
        self._settings = settings
        found = find_model(settings.config)
        self._model = _build_pose(found, settings)
        self.skeleton = _layout(settings, self._model.dataset_meta)
        self._pipeline = _pipeline(self._model)
        self._detector = self._finder = None
        if settings.detector == FINDER:
            weights_hash(complexity=1)  # says how to get it where it is not installed
            self._finder = PersonFinder(settings.detector_score, threads)
        elif settings.detector:
            self._detector = _build_detector(settings)
        self._others: int | None = None
        self._begins = False

    def reset(self) -> None:
        """Frames are independent of each other: nothing to forget but who else was there."""
        self._begins, self._others = True, None

    def close(self) -> None:
        self._model = self._detector = None
        if self._finder is not None:
            self._finder.close()
            self._finder = None

    @property
    def notes(self) -> tuple[str, ...]:
        """That nobody else is seen, where nothing finds people."""
        if self._settings.detector:
            return ()
        others = ""
        if self._others is not None:
            others = f" ({self._others} in the first picture)"
        where = "the given box" if self._settings.box is not None else "the whole picture"
        return (
            f"mmpose without a detector looks for one person in {where}, whoever else is "
            f"there{others}; --detector mediapipe, or a config of MMDetection, finds everybody",
        )

    def estimate(self, images: Sequence[np.ndarray]) -> list[list[Detection]]:
        # MMPose was trained on pictures as OpenCV reads them: blue first.
        pictures = [np.ascontiguousarray(image[..., ::-1]) for image in images]
        if self._begins and not self._settings.detector:
            self._others = _people_in(images[0])
        self._begins = False
        if self._finder is not None:
            boxes = [self._finder.boxes(image) for image in images]
        else:
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


def _people_in(image: np.ndarray) -> int | None:
    """How many people MediaPipe's detector sees, where it is installed."""
    try:
        weights_hash(complexity=1)
    except MgskelError:
        return None
    finder = PersonFinder(0.5, None)
    try:
        return len(finder.boxes(image))
    finally:
        finder.close()


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


def _build_pose(found: FoundModel, settings: MMPoseSettings) -> Any:
    _check_device(settings.device)
    weights = find_weights(found, settings)
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
    config = Path(settings.detector)
    if not config.is_file():
        config = bundled_detector(settings.detector)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from mmdet.apis import init_detector

        model = init_detector(str(config), None, device="cpu", palette="random")
    if settings.detector_checkpoint:
        load_weights(model, Path(settings.detector_checkpoint))
    elif not settings.allow_random_weights:
        raise no_weights("detector", "--detector-checkpoint FILE")
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
