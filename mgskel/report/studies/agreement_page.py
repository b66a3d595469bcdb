"""Agreement of coders, to look at: a page, and tables for other programs."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np

from mgskel.core.storage.csv_table import to_csv
from mgskel.core.storage.files import write_json, write_text, writing_together
from mgskel.core.version import __version__
from mgskel.report.frame import bullets, card, figure, framed, interval_bar, paragraph, table, text
from mgskel.report.methods_text import listed, quoted
from mgskel.study.agreement.agreement import (
    EVENT,
    F1,
    MANY,
    NAMES,
    NOTHING,
    RATE,
    TIME,
    Agreement,
    Values,
)

PAGE = "agreement.html"
_ALL = "all gestures"
_LOWEST = -0.2


def write_agreement(folder: Path, result: Agreement) -> Path:
    """Write the page, agreement.json, agreement.csv and confusion.csv; returns the page."""
    keys = list(result.overall)
    rows = [[name, *(values[k] for k in keys)] for name, values in _rows(result)]
    labels = [*result.labels, NOTHING]
    confusion = [[label, *row] for label, row in zip(labels, result.confusion.astype(int).tolist(),
                                                     strict=True)]  # fmt: skip
    with writing_together(folder) as place:
        write_json(place / "agreement.json", result.to_dict())
        write_text(place / "agreement.csv", to_csv([["label", *keys], *rows]))
        write_text(place / "confusion.csv", to_csv([["first coder", *labels], *confusion]))
        write_text(place / PAGE, render_agreement(result))
    return folder / PAGE


def _rows(result: Agreement) -> list[tuple[str, Values]]:
    return [*result.labels.items(), (_ALL, result.overall)]


def render_agreement(result: Agreement) -> str:
    """The page as text."""
    minutes = result.observed_s / 60
    lead = (
        f"{len(result.files)} recording{'s' * (len(result.files) != 1)} ({minutes:.1f} minutes) "
        f"coded by {listed(result.coders)}."
    )
    parts = [card("Agreement over all gestures", _overview(result))]
    if result.remarks:
        parts.append(card("What to know before quoting this", bullets(result.remarks)))
    parts += [card("Gesture by gesture", _per_gesture(result))]
    if len(result.coders) > 2:
        parts.append(card("Pair by pair", _pairs(result)))
    parts += [
        card("What was taken for what", _confusion(result)),
        card("For the methods section", f"<blockquote>{paragraph(methods(result))}</blockquote>"),
        card("How the numbers are made", bullets(_explained(result))),
    ]
    return framed(" / ".join(result.coders), "mgskel agreement", lead, "\n".join(parts))


def _counted(result: Agreement) -> str:
    keys = zip(result.count_keys, result.coders, strict=True)
    return listed([f"{result.overall[key]} by {name}" for key, name in keys])


def _overview(result: Agreement) -> str:
    cells = []
    for measure in result.measures:
        value, low, high = (result.overall[measure + end] for end in ("", "_low", "_high"))
        shown = "&ndash;" if value is None else f"{value:.2f}"
        spread = "no interval" if low is None else f"{low:.2f} to {high:.2f}"
        cells.append(f"<div><b>{shown}</b>{text(NAMES[measure])}<br><span>{spread}</span></div>")
    counts = _counted(result)
    share = round(result.settings.confidence * 100)
    return (
        f'<div class="key">{"".join(cells)}</div>'
        + paragraph(f"Annotations: {counts}. Under each value its {share}% interval, from "
                    "resampling recordings.", "hint")
    )  # fmt: skip


def _per_gesture(result: Agreement) -> str:
    rows = []
    for name, values in _rows(result):
        cells = [f"<strong>{text(name)}</strong>" if name == _ALL else text(name)]
        for measure in result.measures:
            value, low, high = (values[measure + end] for end in ("", "_low", "_high"))
            bar = interval_bar(value, low, high, _LOWEST, 1, mark=0)
            cells.append(figure(value, low, high) + bar)
        rows.append(cells + [str(values[key]) for key in result.count_keys])
    head = ["gesture", *(NAMES[m] for m in result.measures), *result.coders]
    hint = paragraph("Each line runs from -0.2 to 1; the dashed mark is 0, agreement by chance "
                     "for the kappas.", "hint")  # fmt: skip
    numbers = range(1, len(head))
    return hint + table("Agreement per gesture", head, rows, numbers=list(numbers), sortable=True)


def _pairs(result: Agreement) -> str:
    measures = (F1, TIME, EVENT)
    rows = [
        [text(name), *(figure(values[m]) for m in measures)]
        for name, values in result.pairs.items()
    ]
    head = ["coders", *(NAMES[m] for m in measures)]
    return table("Agreement per pair of coders", head, rows, numbers=[1, 2, 3])


def _confusion(result: Agreement) -> str:
    labels = [*result.labels, NOTHING]
    most = np.maximum(result.confusion.sum(1, keepdims=True), 1)
    rows = []
    for label, row, shares in zip(labels, result.confusion, result.confusion / most, strict=True):
        cells = [text(label)]
        for n, share in zip(row, shares, strict=True):
            tint = f"background: color-mix(in srgb, var(--accent) {share * 60:.0f}%, transparent)"
            cells.append(f'<div class="heat" style="{tint}">{int(n) or ""}</div>')
        rows.append(cells)
    first, second = ("first of a pair", "second") if len(result.coders) > 2 else result.coders
    hint = (
        f"Rows: {first}; columns: {second}. Annotations that overlap by "
        f"{result.settings.link:.0%} of the longer one, whatever they are called; {NOTHING} counts "
        "those without a partner. Shades: share of the row."
    )
    head = [f"{first} \\ {second}", *labels]
    numbers = list(range(1, len(head)))
    return paragraph(hint, "hint") + table("Confusion matrix", head, rows, numbers=numbers)


def methods(result: Agreement) -> str:
    """A paragraph fit for a paper."""
    overall = result.overall
    told = partial(quoted, overall, kind=f"{round(result.settings.confidence * 100)}% CI ")
    pairwise = " (mean over pairs of coders)" if len(result.coders) > 2 else ""
    sentences = [
        f"Agreement between {listed(result.coders)} was computed over {len(result.files)} "
        f"recording{'s' * (len(result.files) != 1)} ({result.observed_s / 60:.1f} min; "
        f"annotations: {_counted(result)}) with mgskel {__version__}{pairwise}.",
        f"Annotations of the same label with an intersection over union above 0.3 counted as "
        f"agreed (F1 = {told(F1)}).",
        f"Cohen's kappa over moments was {told(TIME)}"
        + (f" with a tolerance of {result.settings.tolerance_s:g} s"
           if result.settings.tolerance_s else "") + ".",
        f"The event-based kappa after Holle and Rein (2015; annotations linked from "
        f"{result.settings.link:.0%} overlap, chance by iterative proportional fitting) was "
        f"{told(EVENT)}.",
        f"The intraclass correlation of rates (ICC(A,1)) was {told(RATE)}.",
    ]  # fmt: skip
    if MANY in overall:
        sentences.append(f"Fleiss' kappa over moments of all coders was {told(MANY)}.")
    if overall[f"{F1}_low"] is not None:
        sentences.append(
            f"Intervals are percentiles of {result.settings.resamples} bootstrap samples of "
            "recordings."
        )
    if result.unmapped:
        sentences.append(
            f"{sum(result.unmapped.values())} annotations had labels that only one coder used "
            f"({', '.join(result.unmapped)})."
        )
    return " ".join(sentences)


def _explained(result: Agreement) -> list[str]:
    lines = [
        "Event F1: annotations of one label that overlap (intersection over union above 0.3), "
        "matched one to one; 2 x matched / all annotations of both.",
        "Kappa, moments: Cohen's kappa over time. At each moment a coder's category is the set of "
        "gestures then marked, per gesture its presence. It rewards exact borders and, where "
        "little is marked, agreement on nothing.",
        "Kappa, events: Holle and Rein's (2015). Annotations are linked where they overlap enough, "
        "then their labels are compared; unlinked ones count as disagreement. It is undefined for "
        "a single label, and low where links fail however well labels agree.",
        "ICC, rates: whether coders find the same number of gestures per minute in each recording "
        "(two-way random, absolute agreement, single measures). It needs recordings that differ.",
        "Intervals: recordings drawn with replacement. They say how the value might vary with "
        "other recordings like these; with few recordings they are rough and often too narrow.",
    ]
    if len(result.coders) > 2:
        lines.append(
            "With several coders the first three are means over pairs, and Fleiss' kappa is over "
            "moments of all coders at once."
        )
    if result.vocabulary:
        lines.append(f"Labels were understood as those of the vocabulary '{result.vocabulary}'.")
    return lines
