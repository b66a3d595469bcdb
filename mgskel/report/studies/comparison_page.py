"""A comparison of groups, to look at: a page with a forest plot, and tables for other programs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from mgskel.core.storage.csv_table import to_csv
from mgskel.core.storage.files import write_json, write_text, writing_together
from mgskel.core.version import __version__
from mgskel.report.frame import bullets, card, framed, paragraph, table, text
from mgskel.report.methods_text import listed
from mgskel.study.compare import ALL, GESTURE, GROUP, Comparison, Contrast
from mgskel.study.prediction import Prediction
from mgskel.study.tables import variable_name

_ALPHA = 0.05
_HEADINGS = {GESTURE: "Gestures", GROUP: "Body groups", ALL: "All together"}


def write_comparison(
    folder: Path, study: str, result: Comparison, prediction: Prediction | None = None
) -> Path:
    """Write `compare_COLUMN` as .html, .json, .csv and .svg; returns the page."""
    stem = f"compare_{variable_name(result.by)}"
    answer: dict[str, Any] = result.to_dict()
    if prediction is not None:
        answer["prediction"] = prediction.to_dict()
    head = [field.name for field in fields(Contrast)]
    rows = (asdict(contrast).values() for contrast in result.contrasts)
    with writing_together(folder) as place:
        write_json(place / f"{stem}.json", answer)
        write_text(place / f"{stem}.csv", to_csv([head, *rows]))
        write_text(place / f"{stem}.svg", forest_plot(result.contrasts))
        write_text(place / f"{stem}.html", render_comparison(study, result, prediction))
    return folder / f"{stem}.html"


def render_comparison(study: str, result: Comparison, prediction: Prediction | None = None) -> str:
    """The page as text."""
    groups = listed(
        [f"{result.recordings[v]} of '{v}' ({result.participants[v]} participants)"
         for v in result.values]
    )  # fmt: skip
    lead = f"Recordings: {groups}. Rate ratios are relative to '{result.reference}'."
    parts = [card("In short", bullets(findings(result)))]
    if result.remarks:
        parts.append(card("Take care", bullets(result.remarks)))
    if prediction is not None:
        parts.append(card("Can it be told of people never seen?", _prediction(prediction)))
    for kind, heading in _HEADINGS.items():
        own = [contrast for contrast in result.contrasts if contrast.kind == kind]
        if own:
            parts.append(card(heading, forest_plot(own) + _table(heading, own)))
    parts += [
        card("For the methods section",
             f"<blockquote>{paragraph(methods(result, prediction))}</blockquote>"),
        card("How the numbers are made", bullets(_explained(result))),
    ]  # fmt: skip
    return framed(f"{study}: by {result.by}", "mgskel comparison", lead, "\n".join(parts))


def findings(result: Comparison) -> list[str]:
    """What differs, in plain sentences."""
    known = [c for c in result.contrasts if c.kind == GESTURE and c.p is not None]
    clear = [c for c in known if c.p_holm is not None and c.p_holm < _ALPHA]
    lines = [_sentence(contrast) for contrast in clear]
    if not clear:
        lines.append(
            f"No gesture differs clearly between the groups ({len(known)} could be compared; "
            "p corrected by Holm). This is no proof that they are alike: see the intervals."
        )
    maybe = [c for c in known if c not in clear and c.q is not None and c.q < _ALPHA]
    if maybe:
        lines.append(
            "Less sure (false discovery rate 5%): "
            + listed([f"{c.name} ({c.value}: {c.ratio:.2f} times)" for c in maybe])
            + "."
        )
    lines += [_sentence(c) for c in result.contrasts if c.kind == ALL and c.p is not None]
    lacking = sum(c.kind == GESTURE and c.p is None for c in result.contrasts)
    if lacking:
        lines.append(f"{lacking} gestures could not be compared; the table says why.")
    return lines


def _sentence(contrast: Contrast) -> str:
    p = contrast.p if contrast.p_holm is None else contrast.p_holm
    assert contrast.ratio is not None and p is not None
    return (
        f"{contrast.name.capitalize()}: {contrast.ratio:.2f} times as often in '{contrast.value}' "
        f"as in '{contrast.reference}' (95% interval {contrast.low:.2f} to {contrast.high:.2f}, "
        f"{'p < 0.001' if p < 0.001 else f'p = {p:.3f}'}; {contrast.rate_value:.2f} against "
        f"{contrast.rate_reference:.2f} a minute)."
    )


def small(p: float | None) -> str:
    """A p-value as far as it matters."""
    return "" if p is None else "<0.001" if p < 0.001 else f"{p:.3f}"


def _table(caption: str, contrasts: Sequence[Contrast]) -> str:
    rows = []
    for c in contrasts:
        if c.ratio is None:
            tail = [f"<small>{text(c.why_not)}</small>", "", "", "", ""]
        else:
            ratio = f"{c.ratio:.2f} <small>[{c.low:.2f}, {c.high:.2f}]</small>"
            numbers = [c.p, c.p_holm, c.q]
            tail = [ratio, *(text(small(p)) for p in numbers),
                    f"{c.superiority:.2f}"]  # fmt: skip
        rates = [
            f"{n} <small>({'&ndash;' if rate is None else f'{rate:.2f}'})</small>"
            for n, rate in ((c.n_value, c.rate_value), (c.n_reference, c.rate_reference))
        ]
        rows.append([text(c.name), text(c.value), *rates, *tail])
    head = ["", "group", "events (a minute)", "reference", "rate ratio", "p", "p, Holm", "q",
            "superiority"]  # fmt: skip
    return table(caption, head, rows, numbers=list(range(2, 9)), sortable=True)


def forest_plot(contrasts: Sequence[Contrast]) -> str:
    """Rate ratios with their intervals on a logarithmic line, as SVG with colours of its own."""
    shown = [c for c in contrasts if c.ratio is not None and c.low and c.high]
    if not shown:
        return ""
    several = len({c.value for c in shown}) > 1
    line, left, right, width = 24, 250, 150, 900
    height = len(shown) * line + 50
    reach = max(max(abs(math.log(c.low)), abs(math.log(c.high))) for c in shown)  # type: ignore[arg-type]
    reach = min(max(reach, math.log(2)), math.log(32))

    def x(ratio: float) -> float:
        place = min(max(math.log(ratio), -reach), reach)
        return left + (place + reach) / (2 * reach) * (width - left - right)

    bottom = 14 + len(shown) * line
    parts = [
        f'<line x1="{x(1):.1f}" x2="{x(1):.1f}" y1="8" y2="{bottom}" stroke="#7a828a" '
        'stroke-dasharray="3 3"/>'
    ]
    for ratio in (1 / 16, 1 / 8, 1 / 4, 1 / 2, 1, 2, 4, 8, 16):
        if abs(math.log(ratio)) <= reach + 1e-9:
            words = f"{ratio:g}" if ratio >= 1 else f"1/{round(1 / ratio)}"
            parts.append(
                f'<text class="quiet" x="{x(ratio):.1f}" y="{bottom + 18}" fill="#545b64" '
                f'text-anchor="middle" font-size="11">{words}</text>'
            )
    for index, c in enumerate(shown):
        y = 20 + index * line
        assert c.ratio is not None and c.low is not None and c.high is not None
        sure = c.p_holm is not None and c.p_holm < _ALPHA
        name = c.name + (f" ({c.value})" if several else "")
        name = name if len(name) <= 36 else name[:35] + "\u2026"
        colour = "#0072b2" if sure else "#7a828a"
        parts.append(
            f'<text x="{left - 14}" y="{y + 4}" text-anchor="end" font-size="12" '
            f'fill="currentColor">{text(name)}</text>'
            f'<line x1="{x(c.low):.1f}" x2="{x(c.high):.1f}" y1="{y}" y2="{y}" stroke="{colour}" '
            'stroke-width="2"/>'
            f'<circle cx="{x(c.ratio):.1f}" cy="{y}" r="4.5" fill="{colour}"/>'
            f'<text class="quiet" x="{width - right + 12}" y="{y + 4}" font-size="11" '
            f'fill="#545b64">{c.ratio:.2f} [{c.low:.2f}, {c.high:.2f}]</text>'
        )
    label = "Rate ratios with 95% intervals"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="100%" '
        f'role="img" aria-label="{label}" font-family="system-ui, sans-serif">'
        f"<title>{label}</title>{''.join(parts)}</svg>"
    )


def _prediction(prediction: Prediction) -> str:
    sentences = prediction.sentences()
    parts = [f"<p><strong>{text(sentences[0])}</strong></p>", *map(paragraph, sentences[1:])]
    if prediction.carriers:
        rows = [
            [text(c.name), f"{c.drop:.3f}", text(c.towards) or "&ndash;"]
            for c in prediction.carriers[:12]
        ]
        head = ["gesture that carries it", "accuracy lost without it", "more of it speaks for"]
        parts.append(table("Gestures that carry it", head, rows, numbers=[1]))
        if not prediction.told:
            parts.append(paragraph("As nothing could be told, this table is chance.", "hint"))
    return "".join(parts)


def methods(result: Comparison, prediction: Prediction | None = None) -> str:
    """A paragraph fit for a paper."""
    if result.within:
        how = (
            "compared within participants by a binomial model of each participant's events in the "
            "two conditions, given the observable time in each, with heterogeneity between "
            "participants and robust (HC3) standard errors"
        )
    else:
        how = (
            "compared by Poisson models with observable time as exposure, fitted by generalised "
            "estimating equations with participants as clusters and bias-reduced (Mancl and "
            "DeRouen) standard errors"
        )
    sentences = [
        f"Rates of gestures were {how} (mgskel {__version__}, statsmodels). "
        f"P-values were corrected for all gestures by Holm's method, for body groups likewise."
    ]
    if prediction is not None:
        sentences.append(
            f"Whether '{prediction.by}' can be told from the rates was tested by logistic "
            f"regression on roots of rates, with participants held out (five folds; "
            "penalty chosen in inner folds), against "
            f"{prediction.shuffled} permutations of the conditions"
            " and against the amount of movement alone."
        )
    return " ".join(sentences)


def _explained(result: Comparison) -> list[str]:
    lines = [
        "Rate ratio: how many times as many events per observable minute. Dots to the right of "
        "the dashed line: more often than in the reference. Blue: below 5% after correction for "
        "all gestures (Holm).",
        "Observable minutes are those in which everything that a gesture needs was seen. A body "
        "group's events are those of its gestures, over their mean observable time.",
        "q: false discovery rate of Benjamini and Hochberg.",
    ]
    what = "share of participants whose rate is higher than in the reference"
    if not result.within:
        what = "probability that a recording has a higher rate than one of the reference"
    return [
        *lines,
        f"Superiority: {what} (ties half).",
        "The recognizer's errors may differ between groups (other cameras, other clothes): check "
        "agreement with human coders in each.",
    ]
