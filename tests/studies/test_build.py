"""The shipped recognizer's command: everything from the seeds, and the same again."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import pytest
from studies.shipped.build import BuildSettings

from mgskel.core.config import load_config
from mgskel.core.storage.files import content_hash
from mgskel.spotting import Recognizer
from mgskel.training import loop

SMALL = (
    "--corpus.recordings 4 --corpus.seconds 20 --corpus.clips 60 "
    "--model.sizes.channels [16,16] --model.sizes.heads 2 --model.sizes.kernel 5 "
    "--fit.batches 6 --fit.optim.epochs 2 --fit.optim.batch 4 "
    "--validation.recordings 2 --validation.seconds 40 --validation.rests 2 "
    "--validation.rest_seconds 20 --validation.clips 1 --validation.walks 2 "
    "--test.recordings 2 --test.seconds 40 --test.rests 2 "
    "--test.rest_seconds 20 --test.clips 1 --test.walks 2"
).split()


def main(arguments: list[str]) -> int:
    script = Path(__file__).parents[2] / "tools/train_shipped.py"
    spec = importlib.util.spec_from_file_location("train_shipped", script)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.main(arguments)


def test_the_settings_that_ship_are_within_their_own_bounds():
    assert load_config(BuildSettings).test == BuildSettings().test


@pytest.mark.slow
def test_the_command_run_twice_gives_equal_weights_and_figures(tmp_path, capsys):
    for name in ("once", "again"):
        assert main(["-o", str(tmp_path / name), *SMALL]) == 0
    assert "f1_0.3" in capsys.readouterr().out
    once, again = tmp_path / "once" / "shipped", tmp_path / "again" / "shipped"
    assert content_hash(once) == content_hash(again)
    figures = json.loads((once / "figures.json").read_text())
    assert Recognizer.load(once).notes["figures"] == figures
    assert "not validated for any decision" in (once / "README.md").read_text()


@pytest.mark.slow
def test_a_run_that_was_cut_off_comes_out_the_same(tmp_path, monkeypatch):
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    assert main(["-o", str(whole), *SMALL]) == 0

    class Stop(loop.Checkpoint):
        def on_train_epoch_end(self, trainer, pl_module):
            super().on_train_epoch_end(trainer, pl_module)
            raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(loop, "Checkpoint", Stop)
        assert main(["-o", str(cut), *SMALL]) == 130
    assert main(["-o", str(cut), *SMALL]) == 0
    assert content_hash(cut / "shipped") == content_hash(whole / "shipped")
