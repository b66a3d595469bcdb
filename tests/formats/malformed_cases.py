"""Every malformed input: its name, how it is made, and what its message says."""

from __future__ import annotations

import json

import format_files as files
import numpy as np
from malformed_files import (
    Case,
    annotation,
    bundle,
    cut,
    frame_file,
    in_tree,
    openpose,
    own,
    pickled,
    put,
    set_at,
    text,
)

MMPOSE, COCO, UCLA = files.mmpose_tree, files.coco_tree, files.nw_ucla_tree
INSTANCE = ("instances", 0)

FILE_CASES: list[Case] = [
    # any file
    ("empty file", text("x.npz", b""), "empty"),
    ("empty folder", lambda folder, make: (folder / "e").mkdir() or folder / "e", "empty folder"),
    ("no such file", lambda folder, make: folder / "none.npz", "not found"),
    ("unknown text", text("x.txt", "hello\n"), "no known format"),
    ("a picture", text("x.json", b"\x89PNG\r\n\x1a\n" + bytes(50)), "no known format"),
    ("json of something else", text("x.json", {"a": 1}), "no known format"),
    ("npz of something else", lambda f, m: np.savez(f / "x.npz", a=1) or f / "x.npz", "arrays a"),
    # our npz
    ("own: truncated", cut(own(), 0.5), "damaged"),
    ("own: axes (T, M, V, C)", own(keypoints=lambda k: k.transpose(1, 0, 2, 3)), "swapped"),
    ("own: axes (T, V, M, C)", own(keypoints=lambda k: k.transpose(1, 2, 0, 3)), "swapped"),
    ("own: axes (C, T, V, M)", own(keypoints=lambda k: k.transpose(3, 1, 2, 0)), "swapped"),
    ("own: three axes", own(keypoints=lambda k: k[0]), "4 axes"),
    ("own: 25 joints", own(keypoints=np.ones((1, 12, 25, 2))), "--layout"),
    ("own: scores of another shape", own(scores=lambda s: s[:, :-1]), "one score per person"),
    ("own: score 1.5", own(scores=put((0, 2, 5), 1.5)), "left_shoulder"),
    ("own: score -1", own(scores=put((0, 2, 5), -1)), "0..1"),
    ("own: NaN with a score", own(keypoints=put((0, 3, 4), np.nan)), "frame 3, joint 4"),
    ("own: infinite", own(keypoints=put((0, 3, 4, 0), np.inf)), "infinite"),
    ("own: nobody", own(scores=lambda s: s * 0, keypoints=lambda k: k * np.nan), "nobody"),
    ("own: fps 0", own(fps=0), "above 0"),
    ("own: fps -25", own(fps=-25.0), "above 0"),
    ("own: fps 5000", own(fps=5000), "1000"),
    ("own: fps text", own(fps="fast"), "header, fps"),
    ("own: time repeated", own(timestamps=put(3, 0.08)), "same time again"),
    ("own: time back", own(timestamps=put(3, 0.01)), "earlier"),
    ("own: time missing", own(timestamps=lambda t: t[:-1]), "12 times"),
    ("own: time NaN", own(timestamps=put(2, np.nan)), "frame 2"),
    ("own: unit feet", own(unit="feet"), "pixel, metre, normalised"),
    ("own: pixels that are 0..1", own(keypoints=lambda k: k / 1280), "unit 'pixel'"),
    ("own: metres that are pixels", own(unit="metre"), "unit 'metre'"),
    (
        "own: width and height swapped",
        own(keypoints=lambda k: k + [400, 0], frame_size=[720, 1280]),
        "swapped",
    ),
    ("own: frame size 0", own(frame_size=[0, 720]), "positive"),
    ("own: schema 99", own(schema=99), "update"),
    ("own: two names for one", own(people=["a", "b"]), "2 names"),
    ("own: broken skeleton", own(skeleton={"name": "x"}), "usable skeleton"),
    ("own: no scores", own(scores=None), "add scores"),
    (
        "own: one frame",
        own(
            **{k: (lambda a: a[:, :1]) for k in ("keypoints", "scores")}, timestamps=lambda t: t[:1]
        ),
        "single frame",
    ),
    (
        "own: no frames",
        own(
            **{k: (lambda a: a[:, :0]) for k in ("keypoints", "scores")}, timestamps=lambda t: t[:0]
        ),
        "at least one frame",
    ),
    ("own: text for numbers", own(scores=np.full((1, 12, 17), "x")), "numbers"),
    # bundles
    ("bundle: truncated", cut(bundle(), 0.6), "damaged"),
    ("bundle: offsets too short", bundle(offsets=np.array([0, 8, 12])), "13"),
    ("bundle: offsets falling", bundle(offsets=np.array([0, 14, 13])), "not less"),
    ("bundle: offsets not from 0", bundle(offsets=np.array([1, 8, 13])), "0 at the start"),
    ("bundle: no offsets", bundle(offsets=None), "add offsets"),
    ("bundle: 25 joints", bundle(frames=np.ones((13, 25, 3))), "kinect25, openpose25"),
    ("bundle: joints last", bundle(frames=np.ones((13, 3, 20))), "swap"),
    ("bundle: labels missing", bundle(label=np.array([0])), "one per sequence"),
    (
        "bundle: label outside",
        bundle(header=np.array(json.dumps({"schema": 1, "class_names": ["a"]}))),
        "class names",
    ),
    ("bundle: pickled array", bundle(label=np.array([{}, []], dtype=object)), "never executed"),
    ("bundle: unknown layout", bundle(layout=np.array("kinect21")), "kinect2"),
    ("bundle: one-frame sequence", bundle(offsets=np.array([0, 12, 13])), "single frame"),
    ("bundle: nobody", bundle(frames=np.full((13, 20, 3), np.nan)), "nobody"),
    (
        "bundle: millimetres",
        bundle(
            frames=files.bundle_arrays()["frames"] * 1000,
            header=np.array(json.dumps({"schema": 1, "unit": "metre"})),
        ),
        "unit 'metre'",
    ),
    ("bundle: fps 0", bundle(fps=0.0), "frames per second"),
    # pyskl pickles
    ("pyskl: truncated", cut(annotation(), 0.5), "cut off"),
    ("pyskl: not a dataset", pickled({"a": 1}), "annotations"),
    ("pyskl: a number", pickled(3), "annotations"),
    ("pyskl: no annotations", pickled({"split": {}, "annotations": []}), "no annotations"),
    ("pyskl: no keypoint", annotation(keypoint=None), "annotation 1, keypoint"),
    ("pyskl: axes (T, V, M, C)", annotation(keypoint=lambda k: k.transpose(1, 2, 0, 3)), "swapped"),
    ("pyskl: axes (T, M, V, C)", annotation(keypoint=lambda k: k.transpose(1, 0, 2, 3)), "swapped"),
    (
        "pyskl: size as (w, h)",
        annotation(keypoint=lambda k: k + [400, 0], img_shape=(1280, 720)),
        "swapped",
    ),
    ("pyskl: score 3", annotation(keypoint_score=put((0, 0, 0), 3)), "score"),
    ("pyskl: total_frames", annotation(total_frames=90), "total_frames"),
    ("pyskl: label -1", annotation(label=-1), "from 0"),
    ("pyskl: label text", annotation(label="nod"), "whole number"),
    ("pyskl: nobody", annotation(keypoint_score=lambda s: s * 0), "nobody"),
    (
        "pyskl: 19 joints",
        pickled([{**files.pyskl_annotation(0), "keypoint": np.ones((1, 9, 19, 2))}]),
        "joints",
    ),
    (
        "pyskl: split of strangers",
        pickled({**files.pyskl_tree(), "split": {"val": ["nobody"]}}),
        "nobody",
    ),
    (
        "pyskl: a person of zeros",
        annotation(
            keypoint=lambda k: np.concatenate([k, k * 0]),
            keypoint_score=lambda s: np.concatenate([s, s * 0]),
        ),
        "person 1",
    ),
    # OpenPose
    (
        "openpose: cut file",
        openpose(
            lambda f: (
                next(iter(sorted(f.iterdir())))
                .with_name("clip_000000000005_keypoints.json")
                .write_text('{"people": [{"pose')
            )
        ),
        "line 1",
    ),
    ("openpose: no people key", openpose(frame_file(5, lambda tree: {"version": 1})), "'people'"),
    (
        "openpose: 24 points",
        openpose(
            frame_file(
                5,
                lambda tree: (
                    set_at("people", 0, "pose_keypoints_2d", value=[0.5] * 72)(tree) or tree
                ),
            )
        ),
        "do not mix",
    ),
    (
        "openpose: 74 numbers",
        openpose(
            lambda f: [
                frame_file(
                    t,
                    lambda tree: (
                        set_at("people", 0, "pose_keypoints_2d", value=[0.5] * 74)(tree) or tree
                    ),
                )(f)
                for t in range(12)
            ]
        ),
        "x, y, score",
    ),
    (
        "openpose: text",
        openpose(
            frame_file(
                5, lambda tree: set_at("people", 0, "pose_keypoints_2d", 3, value="x")(tree) or tree
            )
        ),
        "numbers only",
    ),
    (
        "openpose: nobody",
        openpose(lambda f: [frame_file(t, lambda tree: {"people": []})(f) for t in range(12)]),
        "nobody",
    ),
    (
        "openpose: same frame twice",
        openpose(
            lambda f: (f / "clip_5_keypoints.json").write_text(
                (f / "clip_000000000005_keypoints.json").read_text()
            )
        ),
        "again",
    ),
    (
        "openpose: no frame number",
        openpose(lambda f: (f / "clip_keypoints.json").write_text('{"people": []}')),
        "frame number",
    ),
    (
        "openpose: score 7",
        openpose(
            frame_file(
                5, lambda tree: set_at("people", 0, "pose_keypoints_2d", 2, value=7)(tree) or tree
            )
        ),
        "nose",
    ),
    # MMPose, COCO, NW-UCLA
    ("mmpose: truncated", cut(in_tree(MMPOSE, "m.json", lambda t: None), 0.5), "line 1"),
    (
        "mmpose: 16 joints",
        in_tree(
            lambda: MMPOSE(),
            "m.json",
            lambda tree: (
                [set_at("instances", 0, "keypoints", value=[[1, 2]] * 16)(e) for e in tree] and None
            ),
        ),
        "16",
    ),
    (
        "mmpose: joints change",
        in_tree(MMPOSE, "m.json", set_at(3, *INSTANCE, "keypoints", value=[[1, 2]] * 16)),
        "frame 3",
    ),
    ("mmpose: unordered", in_tree(MMPOSE, "m.json", set_at(3, "frame_id", value=1)), "sort"),
    ("mmpose: repeated", in_tree(MMPOSE, "m.json", set_at(3, "frame_id", value=2)), "repeated"),
    (
        "mmpose: nobody",
        in_tree(
            MMPOSE, "m.json", lambda tree: [set_at("instances", value=[])(e) for e in tree] and None
        ),
        "nobody",
    ),
    (
        "mmpose: text",
        in_tree(MMPOSE, "m.json", set_at(3, *INSTANCE, "keypoints", 0, value=["a", "b"])),
        "frame 3",
    ),
    (
        "coco: no keypoints",
        in_tree(
            COCO, "c.json", lambda tree: [e.pop("keypoints") for e in tree["annotations"]] and None
        ),
        "export keypoints",
    ),
    (
        "coco: unknown image",
        in_tree(COCO, "c.json", set_at("annotations", 2, "image_id", value=99)),
        "image_id",
    ),
    (
        "coco: visibility 5",
        in_tree(COCO, "c.json", set_at("annotations", 2, "keypoints", 2, value=5)),
        "0, 1 or 2",
    ),
    (
        "coco: 50 numbers",
        in_tree(COCO, "c.json", set_at("annotations", 2, "keypoints", value=[1] * 50)),
        "annotation 3",
    ),
    (
        "coco: size swapped",
        in_tree(
            COCO,
            "c.json",
            lambda tree: [i.update(width=300, height=1280) for i in tree["images"]] and None,
        ),
        "--frame-size",
    ),
    ("ucla: truncated", cut(in_tree(UCLA, "a05_s02_e03_v01.json", lambda t: None), 0.5), "line 1"),
    (
        "ucla: 19 joints",
        in_tree(UCLA, "a05_s02_e03_v01.json", lambda tree: tree["skeletons"][4].pop() and None),
        "frame 4",
    ),
    ("ucla: label 0", in_tree(UCLA, "a05_s02_e03_v01.json", set_at("label", value=0)), "1 to 10"),
    (
        "ucla: one frame",
        in_tree(
            UCLA,
            "a05_s02_e03_v01.json",
            lambda tree: set_at("skeletons", value=tree["skeletons"][:1])(tree),
        ),
        "single frame",
    ),
]
