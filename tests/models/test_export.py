"""ONNX files say what torch says, at any batch size and length."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch

from mgskel.core.errors import InputError, PartFailed
from mgskel.models import list_models

if TYPE_CHECKING:
    from conftest import Tiny

pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")


@pytest.mark.parametrize("fusion", (pytest.param("off", marks=pytest.mark.slow), "on"))
@pytest.mark.parametrize("name", list_models())
def test_onnx_equals_torch(tiny: Tiny, tmp_path: Path, name: str, fusion: str) -> None:
    from mgskel.models.onnx_export import export_onnx

    model = tiny.model(name, fusion, "natops8")
    path = tmp_path / "model.onnx"
    assert export_onnx(model, path, frames=12, people=2, metadata={"classes": "a b"}) <= 1e-4
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(str(path), options)
    assert session.get_modelmeta().custom_metadata_map == {"classes": "a b"}
    for n, frames in ((1, 1), (2, 7), (5, 40)):
        x = tiny.batch("natops8", n=n, frames=frames)
        mask = torch.rand(n, frames, 8, 2) > 0.3
        (found,) = session.run(None, {"x": x.numpy(), "mask": mask.numpy()})
        expected = model(x, mask).detach().numpy()
        assert np.abs(found - expected).max() <= 1e-4
        # The file was not written for one fixed answer.
        assert n == 1 or np.ptp(found, axis=0).min() > 1e-6
    assert [p.name for p in tmp_path.iterdir()] == ["model.onnx"]


def test_a_network_for_streams_is_exported_too(tiny: Tiny, tmp_path: Path) -> None:
    from mgskel.models.fusion.insertion import set_window
    from mgskel.models.onnx_export import export_onnx

    model = tiny.model("light", "on", "natops8", follow_sample=False)
    set_window(model, 30)
    assert export_onnx(model, tmp_path / "model.onnx", frames=50) <= 1e-4


def test_export_leaves_the_model_as_it_was(tiny: Tiny, tmp_path: Path) -> None:
    from mgskel.models.onnx_export import export_onnx

    model = tiny.model("light", "on", "natops8").train()
    export_onnx(model, tmp_path / "a.onnx", frames=6)
    assert model.training
    assert all(parameter.requires_grad for parameter in model.parameters())


def test_a_wrong_file_is_not_kept(
    tiny: Tiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mgskel.models import onnx_export as export

    monkeypatch.setattr(export, "_deviations", lambda *args: iter([0.0, float("nan"), 1.0]))
    with pytest.raises(PartFailed, match="not kept"):
        export.export_onnx(tiny.model("light", "off", "natops8"), tmp_path / "a.onnx", frames=6)
    assert list(tmp_path.iterdir()) == []


def test_ending_is_checked(tiny: Tiny, tmp_path: Path) -> None:
    from mgskel.models.onnx_export import export_onnx

    with pytest.raises(InputError, match="onnx"):
        export_onnx(tiny.model("light", "off", "natops8"), tmp_path / "model.pt")
