"""``mgskel train``: a config becomes a run folder."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mgskel.cli.finetune import add_teaching_options, teach
from mgskel.cli.shared.messages import note, tell

if TYPE_CHECKING:
    from mgskel.core.recording import Dataset

HELP = (
    "Train a recognizer from nothing, of labelled clips or of recordings annotated in time. Every "
    "key of the config is an option by its dotted name, such as --data.train "
    "FILE,FILE, --optim.lr 0.001, --model.fusion off. The same command resumes an interrupted "
    "training."
)
EXAMPLES = (
    "-c configs/natops/recipe.yaml --data.train train.npz",
    "-c configs/micro.yaml --all-streams -o runs/mine",
    "-c configs/natops/recipe.yaml --data.train train.npz --distil runs/natops/* -o runs/one",
    "--frames --data.train study -o my_labels",
    "--from-review study -o better",
)
TAKES_KEYS = True


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("-c", "--config", type=Path, metavar="CONFIG", help="YAML file")
    add("-o", "--out", type=Path, help="run folder (default: runs/CONFIG/STREAM)")
    add("--all-streams", action="store_true", help="train each of the config's streams, in "
        "OUT/STREAM")  # fmt: skip
    add("--distil", type=Path, nargs="+", metavar="RUN", help="learn, beside the labels, what "
        "these runs of the same data say together: one network that knows what several do (keys: "
        "--distil.share, --distil.temperature)")  # fmt: skip
    add("--pretrain", type=Path, nargs="+", metavar="FILE", help="first learn motion, without "
        "labels, from these recordings of the same kind of people (in RUN/pretrained), and start "
        "from there")  # fmt: skip
    add("--frames", action="store_true", help="learn to label every frame of recordings with "
        "events, instead of cutting a clip for each; so it is anyway where the data have labels of "
        "frames")  # fmt: skip
    review = parser.add_argument_group("better, from what people corrected")
    review.add_argument("--from-review", type=Path, metavar="STUDY", help="go on from a "
        "recognizer, as 'mgskel finetune' does, with the clips of a study that were finished in "
        "'mgskel review'")  # fmt: skip
    add_teaching_options(review)


def run(args: argparse.Namespace) -> int:
    if args.from_review is not None:
        from mgskel.review import labelled

        args.out = args.out or Path("runs") / "reviewed"
        return teach(labelled(args.from_review, args.coder), args)
    from mgskel.core.config import load_section
    from mgskel.training.train_config import DataConfig

    data = load_section(DataConfig, "data", args.config, args.keys)
    tell(f"training: reading {', '.join(map(str, data.train)) or 'nothing'}")
    from mgskel.training.sets import read_training_files

    files = read_training_files(data)
    for text in dict.fromkeys(text for one in files for text in one.notes):
        note(text)
    in_time = any(len(one) and one[0].frame_labels is not None for one in files)
    return _train_frames(args, files) if args.frames or in_time else _train_clips(args, files)


def _train_clips(args: argparse.Namespace, files: Sequence[Dataset]) -> int:
    import dataclasses

    from mgskel.core.config import load_config
    from mgskel.spotting.recognizers.clip_recognizer import ClipRecognizer
    from mgskel.training.fit import train
    from mgskel.training.pretraining import PretrainConfig, pretrain
    from mgskel.training.sets import check_streams, load_training_data
    from mgskel.training.train_config import DistilConfig, TrainConfig

    config = load_config(TrainConfig, args.config, args.keys)
    if args.distil:
        distil = dataclasses.replace(config.distil or DistilConfig(), runs=tuple(args.distil))
        config = dataclasses.replace(config, distil=distil)
    base = _base(args)
    alone = args.out is not None and not args.all_streams
    data = load_training_data(config.data, files)
    streams = config.streams if args.all_streams else (config.stream,)
    check_streams(streams, data.train)
    for stream in streams:
        folder = base if alone else base / stream
        one = dataclasses.replace(config, stream=stream)
        if args.pretrain:
            before = PretrainConfig.before(one, args.pretrain, data.train)
            start = pretrain(before, folder / "pretrained")
            one = dataclasses.replace(one, model=dataclasses.replace(one.model, pretrained=start))
        recognizer = train(one, folder, data)
        if data.validation is not None:
            ClipRecognizer.load(folder).calibrated(data.validation).save(folder)
        _report(folder, recognizer.notes)
    return 0


def _train_frames(args: argparse.Namespace, files: Sequence[Dataset]) -> int:
    from mgskel.core.config import load_config
    from mgskel.core.recording import Dataset
    from mgskel.spotting.learning.frame_training import (
        FramesConfig,
        train_frames,
        with_frame_labels,
    )

    config = load_config(FramesConfig, args.config, args.keys)
    labelled = [with_frame_labels(part, config.rest) for part in files]
    data = Dataset([one for part in labelled for one in part])
    if config.data.to_layout is not None:
        data = data.to_skeleton(config.data.to_layout)
    recognizer = train_frames(config, _base(args), data)
    tell(f"learned {', '.join(recognizer.names)} from {len(data)} recordings")
    _report(_base(args), recognizer.notes)
    return 0


def _base(args: argparse.Namespace) -> Path:
    return args.out or Path("runs") / (args.config.stem if args.config else "default")


def _report(folder: Path, notes: Mapping[str, Any]) -> None:
    judged = notes.get("validation", {})
    shown = ", ".join(f"{k} {judged[k]:.3f}" for k in ("top1", "macro_f1") if k in judged)
    tell(f"{folder}: {shown or 'trained on everything, nothing held out'}")
