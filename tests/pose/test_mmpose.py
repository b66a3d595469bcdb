"""MMPose for real, with random weights: building, checkpoints, coordinates, batches, detectors."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("mmpose")
torch = pytest.importorskip("torch")

from mgskel.core.errors import InputError  # noqa: E402
from mgskel.pose.estimator import EstimatorSettings  # noqa: E402
from mgskel.pose.estimators.mmcv_stand_ins import nms, provide_mmcv_ops  # noqa: E402
from mgskel.pose.estimators.mmpose import MMPose  # noqa: E402
from mgskel.pose.estimators.mmpose_models import MMPoseSettings, find_model, identity  # noqa: E402
from mgskel.pose.extract import ExtractSettings, extract  # noqa: E402

TINY = "rtmpose-t_8xb256-420e_coco-256x192"
WHOLE = "rtmpose-m_8xb64-270e_coco-wholebody-256x192"
HRNET = "td-hm_hrnet-w32_8xb64-210e_coco-256x192"


def untrained(config: str = TINY, **more: object) -> MMPose:
    torch.manual_seed(0)
    return MMPose(MMPoseSettings(config=config, allow_random_weights=True, **more), threads=1)


@pytest.fixture(scope="module")
def tiny() -> MMPose:
    return untrained(batch=2)


def pictures(count: int, size: tuple[int, int] = (120, 160)) -> list[np.ndarray]:
    rng = np.random.default_rng(4)
    return [rng.integers(0, 256, (*size, 3), dtype=np.uint8) for _ in range(count)]


def directly(model: MMPose, image: np.ndarray, box: np.ndarray | None):
    """MMPose's own function on the same picture."""
    from mmpose.apis import inference_topdown

    boxes = None if box is None else box[None]
    (sample,) = inference_topdown(model._model, np.ascontiguousarray(image[..., ::-1]), boxes)
    return sample.pred_instances.keypoints[0], sample.pred_instances.keypoint_scores[0]


def test_the_same_as_mmposes_own_inference(tiny: MMPose) -> None:
    images = pictures(3)
    found = tiny.estimate(images)
    assert [len(people) for people in found] == [1, 1, 1]
    for image, (person,) in zip(images, found, strict=True):
        keypoints, scores = directly(tiny, image, None)
        np.testing.assert_allclose(person.keypoints, keypoints, atol=0.5)
        np.testing.assert_allclose(person.scores, np.clip(scores, 0, 1), atol=1e-3)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("config", "layout", "joints"),
    [(TINY, "coco17", 17), (WHOLE, "coco_wholebody133", 133), (HRNET, "coco17", 17)],
)
def test_shipped_configs_run(config: str, layout: str, joints: int, tmp_path: Path) -> None:
    model = untrained(config)
    assert model.skeleton.name == layout
    ((person,),) = model.estimate(pictures(1))
    assert person.keypoints.shape == (joints, 2) and person.scores.shape == (joints,)
    assert np.isfinite(directly(model, pictures(1)[0], None)[0]).all()
    # Saved and loaded into a differently initialised model, it says the same.
    path = tmp_path / "weights.pth"
    torch.save({"state_dict": model._model.state_dict(), "meta": {"epoch": 3}}, path)
    torch.manual_seed(99)
    loaded = MMPose(MMPoseSettings(config=config, checkpoint=str(path)))
    ((again,),) = loaded.estimate(pictures(1))
    np.testing.assert_allclose(again.keypoints, person.keypoints, atol=1e-4)
    np.testing.assert_allclose(again.scores, person.scores, atol=1e-6)
    assert loaded.identity["weights"] != "random"


def test_coordinates_come_back_to_the_full_frame(monkeypatch) -> None:
    """A head that always answers the same place of its input; the crop's map is known.

    The box is fitted to the input's shape (3:4) and widened by 1.25, so the input's middle is
    the box's middle, and a quarter of the input's width is a quarter of the widened box.
    """
    box = (40.0, 20.0, 100.0, 100.0)  # 60 x 80: already 3:4
    model = untrained(box=box)
    width, height = 192, 256
    head = model._model.head

    def fixed(features, batch_data_samples, test_cfg):
        from mmengine.structures import InstanceData

        place = np.array([width / 2, height / 2])
        places = np.stack([place, place + (width / 4, 0), place + (0, height / 4)] + [place] * 14)
        return [
            InstanceData(
                keypoints=places[None].astype(np.float32),
                keypoint_scores=np.full((1, 17), 0.7, np.float32),
            )
            for _ in batch_data_samples
        ]

    monkeypatch.setattr(head, "predict", fixed)
    ((person,),) = model.estimate(pictures(1, (240, 320)))
    centre = np.array([70.0, 60.0])
    np.testing.assert_allclose(person.keypoints[0], centre, atol=0.6)
    np.testing.assert_allclose(person.keypoints[1], centre + (60 * 1.25 / 4, 0), atol=0.6)
    np.testing.assert_allclose(person.keypoints[2], centre + (0, 80 * 1.25 / 4), atol=0.6)


@pytest.mark.slow
def test_moving_box_and_picture_moves_the_points(tiny: MMPose) -> None:
    """The same pixels elsewhere in a larger frame give the same points, moved."""
    patch = pictures(1, (80, 60))[0]
    results = []
    for left, top in ((50, 40), (110, 90)):
        frame = np.zeros((240, 320, 3), np.uint8)
        frame[top : top + 80, left : left + 60] = patch
        box = np.array([left, top, left + 60, top + 80], np.float32)
        model = tiny
        sample = model._sample(np.ascontiguousarray(frame[..., ::-1]), box)
        (person,) = model._predict([sample])
        results.append(person.keypoints - (left, top))
    np.testing.assert_allclose(results[0], results[1], atol=0.6)


@pytest.mark.slow
def test_batches_change_nothing(tiny: MMPose) -> None:
    images = pictures(5)
    together = tiny.estimate(images)
    alone = [tiny.estimate([image])[0] for image in images]
    for (a,), (b,) in zip(together, alone, strict=True):
        np.testing.assert_allclose(a.keypoints, b.keypoints, atol=0.5)


@pytest.mark.slow
def test_a_clip(sample_clip: Path, tiny: MMPose) -> None:
    from mgskel.pose.frames import VideoSettings

    settings = ExtractSettings(video=VideoSettings(end=0.2))
    sequence = extract(sample_clip, estimator=tiny, settings=settings).sequence
    assert sequence.skeleton.name == "coco17" and sequence.num_frames == 6
    assert sequence.provenance[0]["estimator"]["weights"] == "random"


def test_without_weights_it_refuses() -> None:
    with pytest.raises(InputError, match="would mean nothing") as error:
        MMPose(MMPoseSettings(config=TINY))
    assert "--allow-random-weights" in str(error.value)


def test_aliases_names_and_wrong_names() -> None:
    assert find_model("wholebody").config.name.startswith("rtmw-m")
    assert find_model("human").weights_url
    assert find_model(TINY).config.is_file()
    with pytest.raises(InputError, match="did you mean 'wholebody'"):
        find_model("wholebdy")
    with pytest.raises(InputError, match="not found"):
        find_model("nowhere/config.py")
    with pytest.raises(InputError, match="needs a config"):
        find_model("")


def test_published_weights_are_fetched_only_on_request(tmp_path: Path, monkeypatch) -> None:
    from mgskel.pose.estimators import mmpose_models

    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    found = mmpose_models.FoundModel(find_model(TINY).config, (tmp_path / "gone.pth").as_uri())
    with pytest.raises(InputError, match="could not be fetched"):
        mmpose_models.download(found)
    (tmp_path / "there.pth").write_bytes(b"weights")
    there = mmpose_models.FoundModel(found.config, (tmp_path / "there.pth").as_uri())
    assert mmpose_models.download(there).read_bytes() == b"weights"


@pytest.mark.slow
def test_checkpoint_of_another_model(tiny: MMPose, tmp_path: Path) -> None:
    weights = tiny._model.state_dict()
    path = tmp_path / "other.pth"
    shorter = {name: value for name, value in weights.items() if "head" not in name}
    torch.save({"state_dict": shorter}, path)
    with pytest.raises(InputError, match="not of this config's model") as error:
        MMPose(MMPoseSettings(config=TINY, checkpoint=str(path)))
    assert "weights missing" in str(error.value)
    name = next(iter(weights))
    torch.save({"state_dict": {**weights, name: torch.zeros(1)}}, path)
    with pytest.raises(InputError, match="another shape"):
        MMPose(MMPoseSettings(config=TINY, checkpoint=str(path)))


class _Hostile:
    def __reduce__(self):
        return (Path.touch, (Path(_Hostile.target),))


@pytest.mark.slow
def test_hostile_and_broken_checkpoints(tmp_path: Path) -> None:
    _Hostile.target = str(tmp_path / "owned")
    path = tmp_path / "bad.pth"
    torch.save({"state_dict": _Hostile()}, path)
    with pytest.raises(InputError, match="loading could run code"):
        MMPose(MMPoseSettings(config=TINY, checkpoint=str(path)))
    path.write_bytes(pickle.dumps({"state_dict": _Hostile()}))
    with pytest.raises(InputError):
        MMPose(MMPoseSettings(config=TINY, checkpoint=str(path)))
    assert not (tmp_path / "owned").exists()
    path.write_bytes(b"<!doctype html>not found")
    with pytest.raises(InputError):
        MMPose(MMPoseSettings(config=TINY, checkpoint=str(path)))


@pytest.mark.slow
def test_checkpoints_with_more_than_weights(tiny: MMPose, tmp_path: Path) -> None:
    """Plain and numpy values beside the weights are fine; a trainer's objects are not."""
    from mmengine.logging.history_buffer import HistoryBuffer
    from safetensors.torch import save_file

    from mgskel.pose.estimators.mmpose_models import load_weights

    weights = tiny._model.state_dict()
    meta = {"epoch": 2, "lr": np.float64(0.1), "mean": np.zeros(3)}
    torch.save({"state_dict": weights, "meta": meta}, tmp_path / "full.pth")
    assert load_weights(tiny._model, tmp_path / "full.pth")["epoch"] == 2
    save_file({k: v.contiguous() for k, v in weights.items()}, tmp_path / "full.safetensors")
    load_weights(tiny._model, tmp_path / "full.safetensors")
    history = {"state_dict": weights, "message_hub": HistoryBuffer([1.0, 0.5], [1, 1])}
    torch.save(history, tmp_path / "trainer.pth")
    with pytest.raises(InputError, match="save its 'state_dict' alone"):
        load_weights(tiny._model, tmp_path / "trainer.pth")


def test_devices() -> None:
    with pytest.raises(InputError, match="unknown device"):
        untrained(device="toaster")
    if not torch.cuda.is_available():
        with pytest.raises(InputError, match="no GPU"):
            untrained(device="cuda:0")


def test_identity_needs_no_model_and_no_paths(tmp_path: Path) -> None:
    path = tmp_path / "w.pth"
    path.write_bytes(b"abc")
    known = identity(MMPoseSettings(config=TINY, checkpoint=str(path)))
    assert str(tmp_path) not in repr(known)
    path.write_bytes(b"abd")
    assert identity(MMPoseSettings(config=TINY, checkpoint=str(path))) != known


def test_nms_keeps_the_best_of_each_heap() -> None:
    rng = np.random.default_rng(0)
    boxes, scores = [], []
    for x in (0, 100, 200):
        for _ in range(5):
            corner = np.array([x, 0]) + rng.uniform(0, 4, 2)
            boxes.append([*corner, *(corner + 50)])
            scores.append(rng.uniform())
    kept = nms(torch.tensor(boxes), torch.tensor(scores), 0.5).tolist()
    best = [max(range(k, k + 5), key=lambda i: scores[i]) for k in (0, 5, 10)]
    assert sorted(kept) == sorted(best)
    assert [scores[i] for i in kept] == sorted((scores[i] for i in kept), reverse=True)
    assert nms(torch.zeros(0, 4), torch.zeros(0), 0.5).numel() == 0


@pytest.mark.slow
def test_other_compiled_operators_say_what_is_missing() -> None:
    provide_mmcv_ops()
    from mmcv.utils import ext_loader

    operators = ext_loader.load_ext("_ext", ["deform_conv_forward"])
    if callable(getattr(operators, "deform_conv_forward", None)) and "mgskel" in str(
        ext_loader.load_ext.__module__
    ):
        with pytest.raises(InputError, match="deform_conv_forward"):
            operators.deform_conv_forward()


@pytest.mark.slow
def test_with_a_detector() -> None:
    """An untrained detector whose class scores are pushed up finds boxes everywhere."""
    pytest.importorskip("mmdet")
    model = untrained(detector="rtmdet_nano_320-8xb32_coco-person", detector_score=0.0)
    for layer in model._detector._model.bbox_head.rtm_cls:
        torch.nn.init.constant_(layer.bias, 3.0)
        torch.nn.init.normal_(layer.weight, 0, 0.01)
    for layer in model._detector._model.bbox_head.rtm_reg:
        torch.nn.init.constant_(layer.bias, 3.0)
    (people,) = model.estimate(pictures(1, (240, 320)))
    assert people and all(person.keypoints.shape == (17, 2) for person in people)
    silent = untrained(detector="rtmdet_nano_320-8xb32_coco-person", detector_score=0.99)
    assert silent.estimate(pictures(1)) == [[]]

    def broken(*args: object, **kwargs: object) -> None:
        raise RuntimeError("out of memory")

    silent._detector._model.test_step = broken
    with pytest.raises(RuntimeError, match="out of memory"):  # never an empty frame
        silent.estimate(pictures(1))


@pytest.mark.slow
def test_mediapipes_detector_and_what_is_said_without_one(sample_clip: Path, tiny: MMPose) -> None:
    pytest.importorskip("mediapipe")
    from mgskel.pose.frames import VideoSettings
    from mgskel.pose.video import open_source

    source = open_source(sample_clip)
    picture = next(iter(source)).image
    source.close()
    both = np.concatenate([picture, picture[:, ::-1]], 1)
    found = untrained(detector="mediapipe", detector_score=0.5)
    assert [len(people) for people in found.estimate([both, np.zeros_like(both)])] == [2, 0]
    found.close()
    settings = ExtractSettings(video=VideoSettings(end=0.1))
    (note,) = [
        n for n in extract(sample_clip, estimator=tiny, settings=settings).notes if "mmp" in n
    ]
    assert "one person in the whole picture" in note and "(1 in the first picture)" in note


def test_settings_by_name_on_the_whole_path() -> None:
    settings = EstimatorSettings("mmpose", MMPoseSettings(config=TINY))
    from mgskel.pose.estimator import create_estimator

    with pytest.raises(InputError, match="no weights"):
        create_estimator(settings)
