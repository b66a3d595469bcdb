"""The page of accuracies: every measured set in one table, beside what is published."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from mgskel.core.storage.files import write_json, write_text
from mgskel.core.storage.intake import read_json
from mgskel.training.train_config import TrainConfig


@dataclass(frozen=True)
class Published:
    """A set's title and the best figures published for its test part."""

    title: str
    figures: str


PUBLISHED = {
    "nw_ucla": Published(
        "NW-UCLA (10 actions)",
        "4 streams: CTR-GCN 96.5, InfoGCN 96.6, HD-GCN 96.9, DeGCN 97.2, SkateFormer 98.3",
    ),
    "utd_mhad": Published("UTD-MHAD (27 actions)", "Gimme Signals 93.3; ridge classifier 80.2"),
    "natops": Published(
        "NATOPS (6 signals)", "Disjoint-CNN 97.2, ResNet 97.1, InceptionTime 96.6, ROCKET 88.5"
    ),
    "jhmdb14": Published("JHMDB-14 (14 actions)", "DD-Net 77.2, 82 to 83 after fixes; ridge 58.0"),
}


def recipe_facts(config: TrainConfig, words: Sequence[str]) -> dict[str, Any]:
    """What a reader needs to run the measurement again."""
    data = config.data
    part = f"{100 * data.share:.0f}% of the training file"
    if data.held:
        part = f"{data.validation} {', '.join(data.held)}"
    elif data.validation == "random":
        part += ", of every class alike"
    elif data.validation in ("subject", "view", "video"):
        part += f", by whole {data.validation}s"
    else:
        part = {"file": "a file of its own"}.get(data.validation, data.validation)
    if data.leave_out:
        part += f"; {len(data.leave_out)} sequences left out of both"
    return {
        "epochs": config.optim.epochs,
        "held_out": part,
        "keys": list(words),
    }


Report = Mapping[str, Any]


def write_page(path: Path, report: Report | None = None) -> None:
    """Keep a report beside the page, and make the page from all reports kept there."""
    folder = path.with_suffix("")
    if report is not None:
        parts = [report["set"], report["backbone"], f"fusion_{report['fusion']}"]
        name = "-".join([*parts, *(["distilled"] if "distilled" in report else [])])
        write_json(folder / f"{name}.json", dict(report))
    files = sorted(folder.glob("*.json"))
    write_text(path, page([cast(Report, read_json(file, "accuracy report")) for file in files]))


def page(reports: Sequence[Report]) -> str:
    """Markdown of several reports of `benchmark.py accuracy`."""
    lines = [
        "# Accuracy of the recipes",
        "",
        "Each network is trained from scratch with its set's recipe (`configs/SET/recipe.yaml`). "
        "*Validation* is a part of the training file that the network has not seen; *test* is "
        "the set's own test part, where its file was given. Published figures are those of the "
        "test part: compare them with *test* alone, and ensembles with ensembles. The ensemble's "
        "members are chosen on validation, which flatters its validation figure a little; the line "
        "below a table is without that. Top-1 in percent, mean ± standard deviation over seeds, "
        "each of which draws its own validation part unless the recipe names one.",
    ]
    for report in reports:
        lines += ["", *_section(report)]
    return "\n".join(lines) + "\n"


def _section(report: Report) -> list[str]:
    known = PUBLISHED.get(report["set"], Published(report["set"], "none known"))
    facts, machine = report["recipe"], report["machine"]
    words = " ".join(facts["keys"])
    streams: Mapping[str, Mapping[str, float]] = report["streams"]
    tested = "test_top1" in report["ensemble"]
    command = f"python tools/benchmark.py accuracy {report['set']} --train FILE"
    command += (" --test FILE" if tested else "") + f" --seeds {report['seeds']}"
    lines = [
        f"## {known.title}: `{report['backbone']}`, fusion {report['fusion']}",
        "",
        f"`{command}{' ' + words if words else ''}`",
        "",
        f"{facts['epochs']} epochs; validation: {facts['held_out']} "
        f"({report['n_validation']} sequences); seeds: {report['seeds']}; {machine['processor']}, "
        f"{machine['threads']} threads, torch {machine['torch']}.",
        f"Published, test part: {known.figures}.",
        "",
        "| stream | validation | test | minutes | CPU minutes |",
        "|---|---:|---:|---:|---:|",
    ]
    lines += [_line(name, row) for name, row in streams.items()]
    if len(streams) > 1:
        lines.append(_line("**ensemble**", report["ensemble"]))
    if "distilled" in report:
        lines.append(_line("**distilled into one**", report["distilled"]))
    if nested := report.get("nested"):
        lines += [
            "",
            "Chosen on one half of validation and judged on the other: ensemble "
            f"{100 * nested['ensemble']:.1f}, best stream {100 * nested['best_stream']:.1f}, all "
            f"streams alike {100 * nested['alike']:.1f}.",
        ]
    return lines


def _line(name: str, row: Mapping[str, float]) -> str:
    spent = [f"{row[key] / 60:.1f}" if key in row else "" for key in ("seconds", "cpu_seconds")]
    return f"| {name} | {_score(row, 'val')} | {_score(row, 'test')} | {' | '.join(spent)} |"


def _score(row: Mapping[str, float], part: str) -> str:
    if f"{part}_top1" not in row:
        return ""
    return f"{100 * row[f'{part}_top1']:.1f} ± {100 * row[f'{part}_top1_sd']:.1f}"
