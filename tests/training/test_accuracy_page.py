from __future__ import annotations

from pathlib import Path
from typing import Any

from studies.recognition.accuracy import measure, tabulate
from studies.recognition.accuracy_page import page, recipe_facts, write_page

from mgskel.training.train_config import DataConfig, TrainConfig


def test_a_measurement_becomes_a_table_with_its_command(
    make_config: Any, train_file: Path, test_file: Path, tmp_path: Path
) -> None:
    config = make_config(train_file)
    results = [measure(config, ("joint", "bone"), test_file, tmp_path / "runs")]
    report = {
        "set": "natops",
        "backbone": "light",
        "fusion": "on",
        "seeds": 1,
        "n_validation": 12,
        "recipe": recipe_facts(config, ["--streams", "joint,bone"]),
        "machine": {"processor": "p", "threads": 1, "torch": "t"},
        **tabulate(results),
    }
    write_page(tmp_path / "accuracy.md", report)
    text = (tmp_path / "accuracy.md").read_text()
    assert "accuracy natops --train FILE --test FILE --seeds 1 --streams joint,bone`" in text
    top1 = 100 * report["streams"]["joint"]["test_top1"]
    assert (
        f"| joint | {100 * report['streams']['joint']['val_top1']:.1f} ± 0.0 | {top1:.1f}" in text
    )
    assert "| **ensemble** |" in text and "Disjoint-CNN 97.2" in text
    # Another set joins it; the first one stays.
    write_page(tmp_path / "accuracy.md", report | {"set": "utd_mhad"})
    text = (tmp_path / "accuracy.md").read_text()
    assert text.count("## ") == 2 and "UTD-MHAD" in text
    write_page(tmp_path / "accuracy.md")
    assert (tmp_path / "accuracy.md").read_text() == text


def test_what_was_held_out_is_told() -> None:
    people = DataConfig(validation="subject", held=("7", "9"))
    assert recipe_facts(TrainConfig(data=people), [])["held_out"] == "subject 7, 9"
    share = DataConfig(validation="subject", share=0.25)
    told = recipe_facts(TrainConfig(data=share), [])["held_out"]
    assert told == "25% of the training file, by whole subjects"
    told = recipe_facts(TrainConfig(data=DataConfig(share=0.25)), [])["held_out"]
    assert told == "25% of the training file, of every class alike"


def test_without_a_test_file_the_column_stays_empty() -> None:
    row = {"val_top1": 0.5, "val_top1_sd": 0.1, "seconds": 60.0, "cpu_seconds": 120.0}
    report = {
        "set": "own",
        "backbone": "gat",
        "fusion": "off",
        "seeds": 2,
        "n_validation": 3,
        "recipe": {"epochs": 1, "held_out": "none", "keys": []},
        "machine": {"processor": "p", "threads": 1, "torch": "t"},
        "streams": {"joint": row},
        "ensemble": row,
    }
    text = page([report])
    assert "| joint | 50.0 ± 10.0 |  | 1.0 | 2.0 |" in text
    assert "--test" not in text and "ensemble** |" not in text
