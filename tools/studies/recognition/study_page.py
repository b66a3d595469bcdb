"""A study's page: scores of every variant, paired differences, and their picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from studies.recognition.differences import Difference, interval, paired
from studies.recognition.study import Row


def page(name: str, rows: Sequence[Row], references: Mapping[str, str]) -> str:
    """Markdown: scores of every variant, then paired differences."""
    lines = [
        f"# Study: {name}",
        "",
        f"{len(rows)} trainings by `python tools/study_{name}.py` (sets and options: "
        "[results](index.md)). Every seed draws its own validation part (of the training "
        "file); variants are compared on the same part and seed. Log loss (lower is better) tells "
        "apart what top-1 cannot where almost all answers are right.",
        "",
        "| set | backbone | variant | seeds | top-1 | 95% interval | log loss | CPU s | parameters "
        "|",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    groups: dict[tuple[str, str, str], list[Row]] = {}
    for row in rows:
        groups.setdefault((row["set"], row["backbone"], row["variant"]), []).append(row)
    for (recipe, backbone, variant), members in sorted(groups.items()):
        d = interval([float(row["top1"]) for row in members])
        loss, cpu = (_mean(members, key) for key in ("loss", "cpu_seconds"))
        ends = f"{100 * d.low:.1f} to {100 * d.high:.1f}" if d.pairs > 1 else ""
        lines.append(
            f"| {recipe} | {backbone} | {variant} | {d.pairs} | {100 * d.mean:.2f} | {ends} "
            f"| {loss:.3f} | {cpu:.0f} | {_mean(members, 'parameters'):,.0f} |"
        )
    lines += ["", "## Paired differences", ""]
    return "\n".join(lines) + "\n" + difference_table(rows, references)


def difference_table(rows: Sequence[Row], references: Mapping[str, str]) -> str:
    """Markdown: each variant against its reference per set and backbone, and over all.

    Over all twice: every pair counts alike, or every set and backbone does by its mean.
    """
    lines = [
        "| variant | against | set | backbone | pairs | top-1, points | 95% interval | log loss "
        "| 95% interval |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for variant, reference in references.items():
        top1 = paired(rows, variant, reference)
        loss = paired(rows, variant, reference, "loss")
        title = f"{variant} | {reference}"
        for (recipe, backbone), values in top1.items():
            lines.append(_line(f"{title} | {recipe} | {backbone}", values, loss[recipe, backbone]))
        if len(top1) > 1:
            lines.append(_line(f"{title} | **all** | ", _all(top1), _all(loss)))
        if len(top1) > 2:
            alike = [[float(np.mean(v)) for v in groups.values()] for groups in (top1, loss)]
            lines.append(_line(f"{title} | **means of sets and backbones** | ", *alike))
    return "\n".join(lines) + "\n"


def _line(title: str, top1: list[float], loss: list[float]) -> str:
    points, change = interval([100 * value for value in top1]), interval(loss)
    return (
        f"| {title} | {points.pairs} | {points.mean:+.2f} | {_ends(points, 2)} "
        f"| {change.mean:+.3f} | {_ends(change, 3)} |"
    )


def _ends(d: Difference, digits: int) -> str:
    return f"{d.low:+.{digits}f} to {d.high:+.{digits}f}" if d.pairs > 1 else "one pair"


def _all(groups: Mapping[tuple[str, str], list[float]]) -> list[float]:
    return [value for values in groups.values() for value in values]


def _mean(rows: Sequence[Row], key: str) -> float:
    return sum(float(row[key]) for row in rows) / len(rows)


def plot_differences(path: Path, rows: Sequence[Row], references: Mapping[str, str]) -> None:
    """Every paired difference as a point in its set's colour, mean and 95% interval as a bar."""
    from mgskel.training.runs.plots import new_figure, save_figure

    shown = {v: r for v, r in references.items() if paired(rows, v, r)}
    sets = sorted({row["set"] for row in rows})
    figure, axes = new_figure(1, 2, (10, 1.4 + 0.3 * len(shown)))
    rng = np.random.default_rng(0)
    measures = (("top1", 100, "top-1, percentage points"), ("loss", 1, "log loss"))
    for axis, (measure, scale, label) in zip(axes, measures, strict=True):
        for place, (variant, reference) in enumerate(shown.items()):
            groups = paired(rows, variant, reference, measure)
            for (recipe, _), values in groups.items():
                heights = place + rng.uniform(-0.2, 0.2, len(values))
                colour = f"C{sets.index(recipe)}"
                axis.scatter(scale * np.array(values), heights, s=12, alpha=0.6, color=colour)
            d = interval([scale * value for value in _all(groups)])
            if d.pairs > 1:
                axis.plot([d.low, d.high], [place, place], color="black", linewidth=1.5)
            axis.plot([d.mean], [place], "|", color="black", markersize=12)
        axis.axvline(0, color="grey", linewidth=0.8)
        axis.set_ylim(len(shown) - 0.5, -0.5)
        axis.set_xlabel(label)
    axes[0].set_yticks(range(len(shown)), [f"{v} \u2212 {r}" for v, r in shown.items()])
    axes[1].set_yticks([])
    for number, recipe in enumerate(sets):
        axes[1].scatter([], [], s=12, color=f"C{number}", label=recipe)
    figure.legend(loc="outside lower center", ncols=len(sets), frameon=False)
    figure.suptitle("Paired differences (bar: mean and 95% interval over pairs)", x=0.01, ha="left")
    save_figure(figure, path)


def plot_curves(
    path: Path, rows: Sequence[Row], curves: Mapping[str, Mapping[str, float]]
) -> list[str]:
    """The gain of `on` over `off` along each curve, {what it is drawn over: {set: place}}.

    Mean and 95% interval over pairs as bars, single pairs as points. Returns the points as lines
    of Markdown.
    """
    from mgskel.training.runs.plots import new_figure, save_figure

    gains = paired(rows, "on", "off")
    figure, axes = new_figure(1, len(curves), (4.5 * len(curves), 3.4))
    lines = ["| curve | at | pairs | top-1, points | 95% interval |", "|---|---|---|---|---|"]
    for axis, (title, places) in zip(axes, curves.items(), strict=True):
        for (name, _), values in gains.items():
            if name not in places:
                continue
            place, points = places[name], [100 * value for value in values]
            d = interval(points)
            axis.scatter([place] * len(points), points, s=14, alpha=0.5, color="C0")
            axis.plot([place], [d.mean], "_", color="black", markersize=14)
            if d.pairs > 1:
                axis.plot([place, place], [d.low, d.high], color="black", linewidth=1.2)
            lines.append(f"| {title} | {place:.2f} | {d.pairs} | {d.mean:+.2f} | {_ends(d, 2)} |")
        axis.axhline(0, color="grey", linewidth=0.8)
        axis.set_xlabel(title)
        axis.set_xlim(0, None)
    axes[0].set_ylabel("gain of fusion, top-1 points")
    save_figure(figure, path)
    return lines
