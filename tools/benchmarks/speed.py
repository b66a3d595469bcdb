"""Speed and size of the networks: sequences per second in training and inference, ms at batch 1.

    python tools/benchmark.py speed --json out.json --write docs/results/speed.md

Batches are (16, 3, 52, 20, 1): 52 frames of 20 joints, one person. Training is a whole step of
SGD; inference runs the folded network; a single sequence is also timed in the exported network
under ONNX Runtime, where that is installed. Fusion on and off take turns, and the median round
counts. Other programs on the machine slow everything: measure when it is quiet.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from benchmarks._command import options
from benchmarks._machine import describe_machine
from studies.recognition.cost import measure_cost
from torch import Tensor
from torch.nn import functional

from mgskel.core.errors import MissingDependency
from mgskel.core.machine.threads import keep_freed_memory
from mgskel.core.storage.files import write_json, write_text
from mgskel.models import Backbone, create_model, fold, list_models
from mgskel.models.onnx_export import export_onnx, onnx_session

LAYOUT, CLASSES, SEQUENCES, FRAMES = "kinect20", 10, 16, 52


@dataclass(frozen=True)
class Speed:
    """One line of the table."""

    backbone: str
    fusion: str
    threads: int
    params: int
    macs: int
    train_seq_s: float
    infer_seq_s: float
    batch1_ms: float
    onnx_ms: float | None


def main(argv: list[str]) -> int:
    parser = options(__name__, __doc__)
    parser.add_argument("--backbones", nargs="+", choices=list_models(), default=list_models())
    parser.add_argument("--threads", nargs="+", type=int, default=[1, 2], metavar="N")
    parser.add_argument("--rounds", type=int, default=7, help="timed rounds of each measurement")
    parser.add_argument("--json", type=Path, metavar="OUT", help="write the figures here")
    parser.add_argument("--write", type=Path, metavar="PAGE", help="docs/results/speed.md")
    args = parser.parse_args(argv)
    keep_freed_memory()  # as training does
    results: list[Speed] = []
    for backbone in args.backbones:
        for line in measure(backbone, args.threads, args.rounds):
            results.append(line)
            print(_sentence(line), flush=True)
    load = os.getloadavg()[0]
    if load > max(args.threads) + 0.5:
        print(f"the machine was busy (load {load:.1f}): these figures are too low", file=sys.stderr)
    if args.json:
        rows = [asdict(line) for line in results]
        write_json(args.json, {"results": rows, "machine": describe_machine(), "load": load})
    if args.write:
        write_text(args.write, page(results, load, args.rounds))
    return 0


def measure(backbone: str, thread_counts: Sequence[int], rounds: int) -> Iterator[Speed]:
    """For each number of threads two lines of one network, without fusion and with it."""
    torch.manual_seed(0)
    models = {
        fusion: create_model(backbone, LAYOUT, CLASSES, fusion=fusion) for fusion in ("off", "on")
    }
    x = torch.randn(SEQUENCES, 3, FRAMES, models["off"].skeleton.num_joints, 1)
    labels = torch.arange(SEQUENCES) % CLASSES
    folded = [fold(model) for model in models.values()]
    exported = _exported(models.values())
    for threads in thread_counts:
        torch.set_num_threads(threads)
        train = _medians([_training(model, x, labels) for model in models.values()], rounds)
        infer = _medians([_inference(model, x) for model in folded], 2 * rounds)
        single = _medians([_inference(model, x[:1]) for model in folded], 10 * rounds)
        by_onnx = _medians([_onnx(file, x[:1], threads) for file in exported], 10 * rounds)
        for i, (fusion, model) in enumerate(models.items()):
            yield Speed(
                backbone,
                fusion,
                threads,
                **asdict(measure_cost(model, FRAMES)),
                train_seq_s=round(SEQUENCES / train[i], 1),
                infer_seq_s=round(SEQUENCES / infer[i], 1),
                batch1_ms=round(1000 * single[i], 3),
                onnx_ms=round(1000 * by_onnx[i], 3) if by_onnx else None,
            )


def _training(model: Backbone, x: Tensor, labels: Tensor) -> Callable[[], None]:
    model.train()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)

    def step() -> None:
        optimizer.zero_grad()
        functional.cross_entropy(model(x), labels).backward()
        optimizer.step()

    return step


def _inference(model: torch.nn.Module, x: Tensor) -> Callable[[], None]:
    @torch.inference_mode()
    def step() -> None:
        model(x)

    return step


def _exported(models: Iterable[Backbone]) -> list[bytes]:
    """The ONNX file of each network; none where ONNX Runtime is not installed."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.onnx"
        files = []
        for model in models:
            try:
                export_onnx(model, path, frames=FRAMES)
            except MissingDependency:
                return []
            files.append(path.read_bytes())
    return files


def _onnx(file: bytes, x: Tensor, threads: int) -> Callable[[], None]:
    session = onnx_session(file, threads)
    mask = torch.ones(x.shape[0], *x.shape[2:], dtype=torch.bool)
    inputs = {"x": x.numpy(), "mask": mask.numpy()}

    def step() -> None:
        session.run(["scores"], inputs)

    return step


def _medians(steps: Sequence[Callable[[], None]], rounds: int) -> list[float]:
    """Median seconds of each step; the steps take turns, so that a busy moment meets all."""
    seconds: list[list[float]] = [[] for _ in steps]
    for turn in range(rounds + 2):
        for step, taken in zip(steps, seconds, strict=True):
            start = time.perf_counter()
            step()
            if turn >= 2:
                taken.append(time.perf_counter() - start)
    return [statistics.median(taken) for taken in seconds]


def _sentence(line: Speed) -> str:
    return (
        f"{line.backbone:<7} fusion {line.fusion:<3}  {line.threads} thread(s)  "
        f"{line.params / 1e6:5.2f} M params  {line.macs / 1e6:7.1f} M macs  "
        f"train {line.train_seq_s:6.1f}/s  infer {line.infer_seq_s:7.1f}/s  "
        f"batch 1 {line.batch1_ms:6.2f} ms"
        + ("" if line.onnx_ms is None else f"  exported {line.onnx_ms:6.2f} ms")
    )


def page(results: Sequence[Speed], load: float, rounds: int) -> str:
    """Markdown: every network's speed, and what fusion costs it."""
    machine = describe_machine()
    shape = f"({SEQUENCES}, 3, {FRAMES}, 20, 1)"
    lines = [
        "# Speed of the networks",
        "",
        f"`python tools/benchmark.py speed --rounds {rounds} --write docs/results/speed.md`",
        "",
        f"Sequences per second at {shape}, and milliseconds for a single sequence; training is a "
        "whole step of SGD, inference the folded network, the median of rounds in which all take "
        "turns. *Exported* is the same single sequence in the ONNX file of the network, with its "
        f"mask, under ONNX Runtime. {machine['processor']}, torch {machine['torch']}, load "
        f"{load:.1f}. The original CTR-GCN code, on a faster machine with two threads: 10.6 "
        "in training, 38.1 in inference, and 53 ms for one sequence with one thread.",
        "",
        "| network | fusion | threads | parameters | multiply-adds | train/s | infer/s | one, ms "
        "| exported, ms |",
        "|---|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for line in results:
        lines.append(
            f"| {line.backbone} | {line.fusion} | {line.threads} | {line.params / 1e6:.2f} M "
            f"| {line.macs / 1e6:.0f} M | {line.train_seq_s:.1f} | {line.infer_seq_s:.1f} "
            f"| {line.batch1_ms:.2f} | {'' if line.onnx_ms is None else f'{line.onnx_ms:.2f}'} |"
        )
    lines += [
        "",
        "## What balanced fusion costs",
        "",
        f"| network | threads | parameters | training | inference of {SEQUENCES} | of one "
        "| of one, exported |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    for off, on in zip(results[::2], results[1::2], strict=True):
        lines.append(
            f"| {on.backbone} | {on.threads} | {_more(off.params, on.params)} "
            f"| {_more(1 / off.train_seq_s, 1 / on.train_seq_s)} "
            f"| {_more(1 / off.infer_seq_s, 1 / on.infer_seq_s)} "
            f"| {_more(off.batch1_ms, on.batch1_ms)} | {_more(off.onnx_ms, on.onnx_ms)} |"
        )
    return "\n".join([*lines, *_against_ctrgcn(results)]) + "\n"


def _against_ctrgcn(results: Sequence[Speed]) -> list[str]:
    """How many times as fast as our CTR-GCN each network is, with the same fusion and threads."""
    reference = {(r.fusion, r.threads): r for r in results if r.backbone == "ctrgcn"}
    if not reference:
        return []
    lines = [
        "",
        "## Times as fast as our `ctrgcn`",
        "",
        f"| network | fusion | threads | training | inference of {SEQUENCES} | of one |",
        "|---|---|---:|---:|---:|---:|",
    ]
    for line in results:
        than = reference[line.fusion, line.threads]
        if line is not than:
            lines.append(
                f"| {line.backbone} | {line.fusion} | {line.threads} "
                f"| {line.train_seq_s / than.train_seq_s:.1f} "
                f"| {line.infer_seq_s / than.infer_seq_s:.1f} "
                f"| {than.batch1_ms / line.batch1_ms:.1f} |"
            )
    return lines


def _more(without: float | None, with_it: float | None) -> str:
    if without is None or with_it is None:
        return ""
    return f"{100 * (with_it / without - 1):+.1f}%"
