"""Networks as ONNX files, for use without torch.

The file takes ``x`` (N, C, T, V, M) float32 and ``mask`` (N, T, V, M) bool, any N and T, and gives
``scores`` (N, K), or (N, M, T', K) of a network that answers at every moment. What is written is
run and compared with torch before it gets its name.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from mgskel.core.errors import InputError, MissingDependency, PartFailed
from mgskel.core.storage.files import writing
from mgskel.models.backbone import Backbone
from mgskel.models.layers.basic import fold

OPSET = 18
TOLERANCE = 1e-4


def export_onnx(
    model: Backbone,
    path: str | Path,
    frames: int = 64,
    people: int = 1,
    metadata: Mapping[str, str] | None = None,
    moments: bool = False,
) -> float:
    """Write a network as ONNX, and return its largest deviation from torch.

    Args:
        model: of which a folded copy is written.
        frames: a usual length of sequences; others work as well.
        people: M, which is fixed in the file.
        metadata: texts to keep in the file, such as class names.
        moments: the scores of every moment instead of the whole sequence's.
    """
    try:
        import onnx
        import onnxruntime  # noqa: F401  (needed for the comparison)
    except ImportError as error:
        raise MissingDependency(error.name or "onnx", "export", "ONNX export") from error
    path = Path(path)
    if path.suffix != ".onnx":
        raise InputError(
            "an ONNX file needs its ending", expected="NAME.onnx", found=path.name, place=path
        )
    folded = fold(model).cpu()
    answers = _Moments(folded).eval() if moments else folded
    with writing(path) as temporary:
        _write(answers, folded, temporary, frames, people)
        if metadata:
            written = onnx.load(str(temporary))
            onnx.helper.set_model_props(written, dict(metadata))
            onnx.save(written, str(temporary))
        deviation = max(_deviations(answers, folded, temporary, frames, people))
        if not deviation <= TOLERANCE:
            raise PartFailed(
                "the ONNX file does not give the scores that torch gives, so it was not kept",
                expected=f"at most {TOLERANCE:g} apart",
                found=f"{deviation:g}",
            )
    return deviation


def onnx_session(model: str | bytes, threads: int = 0) -> Any:
    """An ONNX file, or its content, ready to run on the processor; 0 threads: all there are."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.log_severity_level = threads, 3
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


class _Moments(nn.Module):
    """A network's answers at every moment, as its answer."""

    def __init__(self, network: Backbone) -> None:
        super().__init__()
        self.network = network

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """x (N, C, T, V, M), mask (N, T, V, M) -> (N, M, T', K)"""
        return self.network.forward_frames(x, mask)


def _write(answers: nn.Module, model: Backbone, path: Path, frames: int, people: int) -> None:
    x, mask = _example(model, 2, frames, people, seed=0)
    with warnings.catch_warnings():
        # Traced shapes are checked below at other lengths, which says more than the warnings.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            answers,
            (x, mask),
            str(path),
            input_names=["x", "mask"],
            output_names=["scores"],
            dynamic_axes={
                "x": {0: "sequences", 2: "frames"},
                "mask": {0: "sequences", 1: "frames"},
                "scores": {0: "sequences"} if answers is model else {0: "sequences", 2: "moments"},
            },
            opset_version=OPSET,
            dynamo=False,
        )


def _deviations(
    answers: nn.Module, model: Backbone, path: Path, frames: int, people: int
) -> Iterator[float]:
    """Largest difference to torch, at several batch sizes and lengths."""
    session = onnx_session(str(path))
    for seed, (sequences, length) in enumerate(((2, frames), (1, 1), (3, 2 * frames + 1))):
        x, mask = _example(model, sequences, length, people, seed)
        with torch.inference_mode():
            expected = answers(x, mask).numpy()
        (found,) = session.run(["scores"], {"x": x.numpy(), "mask": mask.numpy()})
        yield float(np.abs(found - expected).max())


def _example(
    model: Backbone, sequences: int, frames: int, people: int, seed: int
) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    shape = (frames, model.skeleton.num_joints, people)
    x = torch.randn(sequences, model.in_channels, *shape, generator=generator)
    mask = torch.rand(sequences, *shape, generator=generator) > 0.2
    return x, mask
