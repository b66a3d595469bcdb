from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import pytest
from studies.recognition import study as study_module
from studies.recognition.study import Results, Trial, run_trials
from studies.recognition.study_command import study
from studies.recognition.transfer import TransferSet, transfer

from mgskel.core.errors import InputError
from mgskel.core.gestures import GestureClass, Vocabulary
from mgskel.core.recording import Dataset
from mgskel.core.skeleton import get_skeleton
from mgskel.datasets.loading import load_dataset
from mgskel.formats import write

TINY = "{channels: [16, 32], heads: 4}"


@pytest.fixture
def configs(tmp_path: Path) -> Path:
    folder = tmp_path / "configs" / "natops"
    folder.mkdir(parents=True)
    (folder / "recipe.yaml").write_text(
        f"window: 12\nviews: 1\nnormalise: {{scale: none}}\nmodel: {{sizes: {TINY}}}\n"
        "machine: {threads: 1}\n"
    )
    return folder.parent


def trial(variant: str, seed: int = 0) -> Trial:
    changes = ("--model.fusion", variant)
    return Trial("natops", "light", variant, seed, 1, changes)


def test_one_row_per_finished_training_and_only_the_missing_are_run(
    configs: Path, train_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "results.csv"
    wanted = [trial("on"), trial("off")]
    files = {"natops": train_file}
    assert run_trials(wanted[:1], Results(path), configs, files) == 0
    assert len(path.read_text().splitlines()) == 2
    run: list[Trial] = []

    def counted(one: Trial, *_: object) -> dict[str, float]:
        run.append(one)
        return dict.fromkeys(study_module.MEASURES, 0.5)

    monkeypatch.setattr(study_module, "run_trial", counted)
    assert run_trials(wanted, Results(path), configs, files) == 0
    assert run == wanted[1:]
    assert run_trials(wanted, Results(path), configs, files) == 0
    assert len(run) == 1
    assert run_trials([trial("on", 1)], Results(path), configs, files, minutes=1e-9) == 1


def test_studies_side_by_side_keep_each_others_rows_and_share_the_work(
    configs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "results.csv"
    one, other = Results(path), Results(path)
    measures = dict.fromkeys(study_module.MEASURES, 0.5)
    one.add(trial("on"), measures)
    other.add(trial("off"), measures)
    assert {row["variant"] for row in Results(path).rows} == {"on", "off"}
    other.add(trial("on"), measures)
    assert [row["variant"] for row in other.rows] == ["on", "off"]
    late: list[Trial] = []

    def meanwhile(running: Trial, *_: object) -> dict[str, float]:
        late.append(running)
        if running.seed == 1:
            one.add(trial("on", 2), measures)
        return measures

    monkeypatch.setattr(study_module, "run_trial", meanwhile)
    files = {"natops": tmp_path}
    assert run_trials([trial("on", 1), trial("on", 2)], other, configs, files) == 0
    assert [running.seed for running in late] == [1], "the second was done beside it"


def test_a_study_writes_table_and_plot(configs: Path, train_file: Path, tmp_path: Path) -> None:
    args = argparse.Namespace(
        set=[f"natops={train_file}"], backbones="light", seeds=2, parts=False, epochs=1,
        minutes=None, threads=1, results=tmp_path / "results", configs=configs,
    )  # fmt: skip

    def make(sets: dict[str, int], backbones: list[str], seeds: int, parts: bool) -> list[Trial]:
        return [trial(v, seed) for seed in range(seeds) for v in ("off", "on")]

    assert study(args, "fusion", make, {"on": "off"}) == 0
    text = (tmp_path / "results" / "fusion.md").read_text()
    assert "| on | off | natops | light | 2 |" in text
    assert (tmp_path / "results" / "fusion.png").read_bytes()[:4] == b"\x89PNG"
    args.set = [f"natops={tmp_path / 'nowhere.npz'}"]
    with pytest.raises(InputError, match="not found"):
        study(args, "fusion", make, {"on": "off"})
    args.set = ["nope=file"]
    with pytest.raises(InputError, match="natops"):
        study(args, "fusion", make, {"on": "off"})


def test_a_trial_can_pretrain_first(configs: Path, train_file: Path) -> None:
    changes = ("--model.pretrained", "auto", "--data.labels_share", "0.5")
    one = Trial("natops", "light", "pretrained", 0, 1, changes)
    measures = study_module.run_trial(one, configs / "natops" / "recipe.yaml", train_file)
    assert set(measures) == set(study_module.MEASURES)
    assert 0 <= measures["top1"] <= 1


def test_a_foreign_results_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "r.csv").write_text("a,b\n1,2\n")
    with pytest.raises(InputError, match="not one of a study"):
        Results(tmp_path / "r.csv")


def vocabulary(name: str, order: tuple[int, ...]) -> Vocabulary:
    classes = tuple(
        GestureClass(i, f"{name} {m}", "hand", True, i + 1, means=(f"motion {m}",))
        for i, m in enumerate(order)
    )
    return Vocabulary(name, classes)


def test_what_is_learned_in_one_layout_is_judged_in_another(
    make_set: Any, make_config: Any, tmp_path: Path
) -> None:
    """The target numbers its classes the other way round."""
    source_path, target_path = tmp_path / "source.npz", tmp_path / "target.npz"
    write(source_path, make_set(48, seed=0))
    write(target_path, Dataset([r.replace(label=4 - r.label) for r in make_set(24, seed=1)]))
    source = TransferSet("s", load_dataset(source_path), vocabulary("s", (0, 1, 2)))
    target = TransferSet("t", load_dataset(target_path), vocabulary("t", (2, 1, 0)))
    config = make_config(source_path, optim__epochs=8, optim__repeat=4)
    layout = get_skeleton("natops8")
    scores = transfer(source, target, layout, config, tmp_path / "run")
    assert scores["classes"] == 3 and scores["n"] == 24
    assert scores["top1"] > 0.7, "without matching by meaning it would be below a half"
    stranger = TransferSet("t", target.data, vocabulary("t", (7, 8, 0)))
    with pytest.raises(InputError, match="too few classes"):
        transfer(source, stranger, layout, config, tmp_path / "other")
