"""Files in every format, written here as their own programs write them."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np

from mgskel.core.recording import Dataset, Recording
from mgskel.core.sequence import PoseSequence
from mgskel.core.skeleton import get_skeleton
from mgskel.formats import write

# Where a person's joints stand, in shoulder widths from the neck: x to the image's right, y down.
# A person facing the camera has the left shoulder at the right of the picture.
BODY = {
    "nose": (0, -0.7), "neck": (0, 0), "head": (0, -0.7), "upper_neck": (0, -0.3),
    "left_eye": (0.08, -0.78), "right_eye": (-0.08, -0.78),
    "left_ear": (0.18, -0.72), "right_ear": (-0.18, -0.72),
    "left_shoulder": (0.5, 0), "right_shoulder": (-0.5, 0),
    "left_elbow": (0.6, 0.8), "right_elbow": (-0.6, 0.8),
    "left_wrist": (0.5, 1.5), "right_wrist": (-0.5, 1.5),
    "left_hand": (0.5, 1.6), "right_hand": (-0.5, 1.6),
    "hip_centre": (0, 1.7), "spine": (0, 0.9),
    "left_hip": (0.3, 1.7), "right_hip": (-0.3, 1.7),
    "left_knee": (0.3, 2.7), "right_knee": (-0.3, 2.7),
    "left_ankle": (0.3, 3.6), "right_ankle": (-0.3, 3.6),
}  # fmt: skip


def place_of(joint: str) -> tuple[float, float]:
    """A joint's place; those not listed lie near the wrist or ankle of their side, or the nose."""
    if joint in BODY:
        return BODY[joint]
    side = joint.split("_")[0]
    finger = any(word in joint for word in ("thumb", "index", "middle", "ring", "pinky", "hand"))
    shift = (sum(map(ord, joint)) % 17) / 100
    if side in ("left", "right") and finger:
        x, y = BODY[f"{side}_wrist"]
        return x + shift, y + 0.1
    if side in ("left", "right") and any(word in joint for word in ("foot", "toe", "heel")):
        x, y = BODY[f"{side}_ankle"]
        return x + shift, y + 0.1
    return shift - 0.08, -0.6


def person(layout: str, frames: int = 12, *, seed: int = 0, dims: int = 2) -> np.ndarray:
    """One moving person in pixels of a 1280x720 picture, or in metres, (T, V, C)."""
    rng = np.random.default_rng(seed)
    base = np.array([place_of(joint) for joint in get_skeleton(layout).joints])
    sway = np.cumsum(rng.normal(scale=0.01, size=(frames, 1, 2)), 0)
    jitter = rng.normal(scale=0.005, size=(frames, len(base), 2))
    body = base[None] + sway + jitter
    if dims == 2:
        return (body * 120 + np.array([640 + 150 * seed, 200])).astype(np.float32)
    depth = 2.5 + rng.normal(scale=0.01, size=(frames, len(base), 1))
    return np.concatenate([body * np.array([0.4, -0.4]), depth], -1).astype(np.float32)


def scores(layout: str, frames: int = 12, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed + 100)
    return rng.uniform(0.3, 1, (frames, get_skeleton(layout).num_joints)).astype(np.float32)


def triples(layout: str, frames: int = 12, seed: int = 0) -> np.ndarray:
    """x, y, score of one person, (T, V, 3)."""
    values = scores(layout, frames, seed)[..., None]
    return np.concatenate([person(layout, frames, seed=seed), values], -1)


def sequence(layout: str = "coco17", frames: int = 12, people: int = 1, dims: int = 2, **more: Any):  # type: ignore[no-untyped-def]
    """A valid recording."""
    points = np.stack([person(layout, frames, seed=m, dims=dims) for m in range(people)])
    marks = np.stack([scores(layout, frames, m) for m in range(people)])
    details = {"fps": 25.0, "unit": "metre" if dims == 3 else "pixel", "source": "made up"}
    if dims == 2:
        details["frame_size"] = (1280, 720)
    return PoseSequence.from_arrays(points, marks, skeleton=layout, **{**details, **more})


def openpose_person(values: np.ndarray) -> dict[str, Any]:
    """One person of one frame from (V, 3), as OpenPose writes it."""
    flat = [round(float(v), 3) for v in values.ravel()]
    entry: dict[str, Any] = {"person_id": [-1], "pose_keypoints_2d": flat}
    if len(values) == 137:
        entry["pose_keypoints_2d"] = flat[:75]
        entry["hand_left_keypoints_2d"] = flat[75:138]
        entry["hand_right_keypoints_2d"] = flat[138:201]
        entry["face_keypoints_2d"] = flat[201:]
    else:
        for key in ("face_keypoints_2d", "hand_left_keypoints_2d", "hand_right_keypoints_2d"):
            entry[key] = []
    for key in ("pose_keypoints_3d", "face_keypoints_3d", "hand_left_keypoints_3d"):
        entry[key] = []
    return entry


def write_openpose(folder: Path, people: list[np.ndarray], clip: str = "clip") -> Path:
    """A folder of one file per frame from people (T, V, 3)."""
    folder.mkdir(exist_ok=True, parents=True)
    for frame in range(len(people[0])):
        content = {"version": 1.3, "people": [openpose_person(one[frame]) for one in people]}
        (folder / f"{clip}_{frame:012d}_keypoints.json").write_text(json.dumps(content))
    return folder


def mmpose_tree(layout: str = "coco17", frames: int = 12, people: int = 1) -> list[Any]:
    made = [triples(layout, frames, m).astype(float) for m in range(people)]
    return [
        {
            "frame_id": t,
            "instances": [
                {
                    "keypoints": one[t, :, :2].tolist(),
                    "keypoint_scores": one[t, :, 2].tolist(),
                    "bbox": [[0.0, 0.0, 10.0, 10.0]],
                    "bbox_score": 0.9,
                }
                for one in made
            ],
        }
        for t in range(frames)
    ]


def coco_tree(frames: int = 12) -> dict[str, Any]:
    points = person("coco17", frames)
    rows = []
    for t in range(frames):
        values = np.concatenate([points[t], np.full((17, 1), 2)], -1)
        values[3] = 0
        values[4, 2] = 1
        rows.append(
            {
                "id": t + 1, "image_id": t + 10, "category_id": 1, "num_keypoints": 16,
                "keypoints": values.ravel().tolist(), "bbox": [0, 0, 9, 9],
            }
        )  # fmt: skip
    names = list(get_skeleton("coco17").joints)
    return {
        "info": {},
        "images": [
            {"id": t + 10, "file_name": f"{t:06d}.jpg", "width": 1280, "height": 720}
            for t in range(frames)
        ],
        "annotations": rows,
        "categories": [{"id": 1, "name": "person", "keypoints": names, "skeleton": []}],
    }


MEDIAPIPE_NAMES = (
    "nose left_eye_inner left_eye left_eye_outer right_eye_inner right_eye right_eye_outer "
    "left_ear right_ear mouth_left mouth_right left_shoulder right_shoulder left_elbow "
    "right_elbow left_wrist right_wrist left_pinky right_pinky left_index right_index left_thumb "
    "right_thumb left_hip right_hip left_knee right_knee left_ankle right_ankle left_heel "
    "right_heel left_foot_index right_foot_index"
).split()


def mediapipe_values(frames: int = 12) -> np.ndarray:
    """x, y, z, visibility within 0..1, (T, 33, 4)."""
    points = person("mediapipe33", frames) / np.array([1280, 720], np.float32)
    depth = np.full((frames, 33, 1), -0.1)
    return np.concatenate([points, depth, scores("mediapipe33", frames)[..., None]], -1)


def mediapipe_wide(frames: int = 12, style: str = "{name}_{value}") -> str:
    letters = ("x", "y", "z", "visibility")
    header = ["frame", "timestamp_ms"] + [
        style.format(name=name, number=i, one=i + 1, value=value, v=value[0])
        for i, name in enumerate(MEDIAPIPE_NAMES)
        for value in letters
    ]
    lines = [",".join(header)]
    for t, values in enumerate(mediapipe_values(frames)):
        lines.append(",".join([str(t), str(40 * t)] + [f"{v:.6f}" for v in values.ravel()]))
    return "\n".join(lines) + "\n"


def mediapipe_long(frames: int = 12, named: bool = True) -> str:
    lines = ["frame,landmark,x,y,z,visibility"]
    for t, values in enumerate(mediapipe_values(frames)):
        for i, name in enumerate(MEDIAPIPE_NAMES):
            row = ",".join(f"{v:.6f}" for v in values[i])
            lines.append(f"{t},{name.upper() if named else i},{row}")
    return "\n".join(lines) + "\n"


def imigue_rows(frames: int = 40) -> str:
    values = triples("imigue35", frames)
    lines = [",".join([str(t)] + [f"{v:.4f}" for v in row.ravel()]) for t, row in enumerate(values)]
    return "\n".join(lines) + "\n"


def write_imigue(folder: Path, frames: int = 40) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / "0007_light_hand.csv"
    path.write_text(imigue_rows(frames))
    (folder / "0007_label.csv").write_text("gestureID,start,end\n17,3,9\n99,15,39\n")
    return path


def imigue_array(lengths: tuple[int, ...] = (90, 40), left_first: bool = False) -> np.ndarray:
    data = np.zeros((len(lengths), 3, 90, 22, 1), np.float32)
    for row, length in enumerate(lengths):
        data[row, :, :length, :, 0] = triples("imigue22", length, row).transpose(2, 0, 1)
    if left_first:
        order = [*range(12), *range(17, 22), *range(12, 17)]
        data = data[:, :, :, order]
    return data


def write_imigue_npy(folder: Path, **options: Any) -> Path:
    data = imigue_array(**options)
    np.save(folder / "val_data.npy", data)
    names = [f"0007_{i}" for i in range(len(data))]
    with open(folder / "val_label.pkl", "wb") as handle:
        pickle.dump((names, [16, 31][: len(data)]), handle)
    return folder / "val_data.npy"


def smg_rows(frames: int = 30) -> str:
    values = np.zeros((frames, 25, 11))
    values[..., :3] = person("kinect25", frames, dims=3)
    values[..., 3:] = 0.5
    return "\n".join(",".join(f"{v:.5f}" for v in row.ravel()) for row in values) + "\n"


def write_smg(folder: Path, frames: int = 30) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / "Sample0036_skeleton.csv"
    path.write_text(smg_rows(frames))
    (folder / "Sample0036_finelabels.csv").write_text("3,2,10\n17,12,30\n")
    (folder / "Sample0036_data.csv").write_text(f"{frames},28,4000\n")
    return path


def ntu_text(frames: int = 8, people: int = 2) -> str:
    lines = [str(frames)]
    for t in range(frames):
        here = people if t else 1
        lines.append(str(here))
        for m in range(here):
            lines.append(f"7205759403792850{m} 0 1 1 1 1 0 0.01 -0.2 2")
            lines.append("25")
            for joint, (x, y, z) in enumerate(person("kinect25", frames, seed=m, dims=3)[t]):
                state = 0 if joint == 24 else 1 if joint == 23 else 2
                lines.append(f"{x:.6f} {y:.6f} {z:.6f} 250 200 960 540 0.1 0.2 0.3 0.4 {state}")
    return "\n".join(lines) + "\n"


def ntu_arrays(frames: int = 10) -> dict[str, np.ndarray]:
    x = np.zeros((3, frames, 2, 25, 3), np.float32)
    for row, length in enumerate((10, 6, 8)):
        x[row, :length, 0] = person("kinect25", frames, seed=row, dims=3)[:length]
    x[1, :6, 1] = person("kinect25", frames, seed=9, dims=3)[:6]
    flat = x.reshape(3, frames, 150)
    y = np.eye(60)[[4, 59, 4]]
    return {"x_train": flat[:2], "y_train": y[:2], "x_test": flat[2:], "y_test": y[2:]}


def pyskl_annotation(
    index: int, dims: int = 2, people: int = 1, frames: int = 12
) -> dict[str, Any]:
    layout = "coco17" if dims == 2 else "kinect25"
    keypoint = np.stack([person(layout, frames, seed=m, dims=dims) for m in range(people)])
    entry = {
        "frame_dir": f"S001_{index}",
        "label": index % 3,
        "img_shape": (720, 1280),
        "original_shape": (720, 1280),
        "total_frames": frames,
        "keypoint": keypoint.astype(np.float16 if dims == 2 else np.float32),
    }
    if dims == 2:
        entry["keypoint_score"] = np.stack(
            [scores(layout, frames, m) for m in range(people)]
        ).astype(np.float16)
    return entry


def pyskl_tree(count: int = 4, **options: Any) -> dict[str, Any]:
    annotations = [pyskl_annotation(i, **options) for i in range(count)]
    names = [entry["frame_dir"] for entry in annotations]
    return {"split": {"train": names[:-1], "val": names[-1:]}, "annotations": annotations}


def write_pickle(path: Path, content: Any, protocol: int = 4) -> Path:
    with open(path, "wb") as handle:
        pickle.dump(content, handle, protocol=protocol)
    return path


def nw_ucla_tree(frames: int = 9, name: str = "a05_s02_e03_v01") -> dict[str, Any]:
    points = person("kinect20", frames, dims=3)
    return {"file_name": name, "skeletons": points.astype(float).tolist(), "label": 5}


def bundle_arrays() -> dict[str, Any]:
    frames = np.concatenate([person("kinect20", n, seed=i, dims=3) for i, n in enumerate((8, 5))])
    return {
        "frames": frames, "offsets": np.array([0, 8, 13]), "label": np.array([0, 1]),
        "layout": np.array("kinect20"), "fps": 25.0,
    }  # fmt: skip


def write_bundle(path: Path) -> Path:
    header = {"schema": 1, "unit": "metre", "class_names": ["a", "b"]}
    names = np.array(["one", "two"])
    np.savez(path, header=np.array(json.dumps(header)), name=names, **bundle_arrays())
    return path


def write_all(folder: Path) -> dict[str, Path]:
    """One good file of every format."""
    folder.mkdir(exist_ok=True)
    sequence().save(folder / "own.npz")
    np.savez(folder / "ntu.npz", **ntu_arrays())
    texts = {
        "mmpose.json": json.dumps(mmpose_tree()),
        "coco.json": json.dumps(coco_tree()),
        "a05_s02_e03_v01.json": json.dumps(nw_ucla_tree()),
        "mediapipe.csv": mediapipe_wide(),
        "S001C002P003R002A013.skeleton": ntu_text(),
    }
    for name, text in texts.items():
        (folder / name).write_text(text)
    (folder / "npy").mkdir()
    write(folder / "long.csv", Dataset((Recording(sequence(), "a"),)))
    return {
        "mgskel npz": folder / "own.npz",
        "bundle": write_bundle(folder / "bundle.npz"),
        "NTU npz": folder / "ntu.npz",
        "iMiGUE challenge npy": write_imigue_npy(folder / "npy"),
        "pyskl pickle": write_pickle(folder / "a.pkl", pyskl_tree()),
        "OpenPose JSON": write_openpose(folder / "op", [triples("openpose25")]),
        "NW-UCLA JSON": folder / "a05_s02_e03_v01.json",
        "MMPose JSON": folder / "mmpose.json",
        "COCO keypoint JSON": folder / "coco.json",
        "MediaPipe CSV": folder / "mediapipe.csv",
        "iMiGUE CSV": write_imigue(folder / "0007"),
        "SMG CSV": write_smg(folder / "Sample0036"),
        "long CSV": folder / "long.csv",
        "NTU skeleton": folder / "S001C002P003R002A013.skeleton",
    }
