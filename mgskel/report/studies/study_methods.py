"""A study's methods section: what was done, with what, over what, and what it cannot show."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mgskel.core.storage.files import write_text
from mgskel.core.storage.intake import read_json
from mgskel.core.version import __version__
from mgskel.report.methods_text import cleaning_words, listed, origin_words, quoted
from mgskel.study.agreement.agreement import EVENT, F1, RATE, TIME
from mgskel.study.reviews import ACCEPTED, REJECTED, last_word
from mgskel.study.study_folder import About, ClipResult

if TYPE_CHECKING:
    import pandas as pd

METHODS = "methods.md"
AGREEMENT = Path("agreement") / "agreement.json"
_LOW_SHARE = 0.5


def write_methods(
    folder: Path, clips: Sequence[ClipResult], about: About, tables: Mapping[str, pd.DataFrame]
) -> None:
    write_text(folder / METHODS, methods_text(folder, clips, about, tables))


def methods_text(
    folder: Path, clips: Sequence[ClipResult], about: About, tables: Mapping[str, pd.DataFrame]
) -> str:
    """Markdown: a paragraph for a paper, limits, and how to cite."""
    sentences = [
        *_recordings(clips, tables["observable"]),
        *_keypoints(clips),
        *_gestures(about, tables["summary"]),
        _reviewed(clips),
        _agreement(folder),
    ]
    parts = [
        "# Methods",
        " ".join(filter(None, sentences)),
        "## What could be seen",
        _observable(tables["observable"]),
        "## Limits",
        "Gestures were counted where a recognizer of keypoints reported them; its errors are not "
        "random with respect to camera angle, picture size, clothing or habit, and should be "
        "checked on recordings of the study itself (`mgskel agree`). A rate counts what could be "
        "seen: time in which the needed parts of the body were out of the picture or lost is left "
        "out. A difference between groups says nothing about any single person, and no gesture "
        "proves a feeling or a lie.",
        "## To cite",
        f"mgskel contributors. mgskel: micro-gesture recognition from skeletons, version "
        f"{__version__}. Cite also the estimator of the keypoints and, for agreement, Holle and "
        "Rein (2015), Behavior Research Methods 47.",
    ]
    return "\n\n".join(parts) + "\n"


def _recordings(clips: Sequence[ClipResult], observable: pd.DataFrame) -> list[str]:
    lengths = observable.drop_duplicates(["clip", "person"]).groupby("clip")["recorded_s"].max()
    participants = observable["participant"].nunique()
    minutes = float(lengths.sum()) / 60
    middle = float(lengths.median()) / 60 if len(lengths) else 0.0
    return [
        f"{len(clips)} recording{'s' * (len(clips) != 1)} of {participants} "
        f"participant{'s' * (participants != 1)} ({minutes:.1f} min in all, median {middle:.1f} "
        f"min) {'was' if len(clips) == 1 else 'were'} analysed with mgskel {__version__}."
    ]


def _keypoints(clips: Sequence[ClipResult]) -> list[str]:
    headers = [clip.header() for clip in clips]
    rates = sorted({round(header.fps, 2) for header in headers})
    sources: Counter[str] = Counter()
    cleaned: Counter[str] = Counter()
    for header in headers:
        steps = {str(record.get("step")): record for record in header.provenance}
        layout = header.skeleton.get("name", "an own layout")
        sources[f"{origin_words(steps)} (layout {layout})"] += 1
        cleaned[listed(cleaning_words(steps) or [""])] += 1
    words = listed([how + (f" in {n}" if len(sources) > 1 else "") for how, n in sources.items()])
    pace = f"{rates[0]:g}" if len(rates) == 1 else f"{rates[0]:g} to {rates[-1]:g}"
    sentences = [f"Keypoints were {words}, at {pace} frames per second."]
    steps_taken = [steps for steps in cleaned if steps]
    if steps_taken:
        sentences.append(f"They were cleaned by {steps_taken[0]}.")
    return sentences


def _gestures(about: About, summary: pd.DataFrame) -> list[str]:
    who = f" with the recognizer {about.recognizer}" if about.recognizer else ""
    known = f" among {len(about.classes)} gestures" if about.classes else ""
    count = int(summary["count"].sum())
    chosen = "; ".join(f"{name}: {value}" for name, value in sorted(about.settings.items()))
    sentences = [
        f"Gestures were spotted{who}{known}: {count} events. Rates are events per minute in "
        "which everything that a gesture needs was seen."
    ]
    if chosen:
        sentences.append(f"Settings that differ from the defaults: {chosen}.")
    return sentences


def _reviewed(clips: Sequence[ClipResult]) -> str:
    """Which clips people went through; nothing where nobody did."""
    finished = [r for clip in clips if (r := last_word(clip.folder)) is not None and r.finished]
    if not finished:
        return ""
    counted = [review.counts() for review in finished]
    coders = listed(sorted({review.coder for review in finished}))
    added = sum(judged.machine is None for review in finished for judged in review.events)
    return (
        f"{len(finished)} of {len(clips)} recordings were reviewed by {coders}, who saw what had "
        f"been found: events that stand: {sum(c[ACCEPTED] for c in counted)} (added: {added}), "
        f"rejected: {sum(c[REJECTED] for c in counted)}."
    )


def _agreement(folder: Path) -> str:
    """What `mgskel agree ... -o STUDY/agreement` found, if it lies there."""
    path = folder / AGREEMENT
    if not path.exists():
        return (
            "Agreement with human coders was not measured on these recordings (or not put into "
            f"the folder '{AGREEMENT.parent}' of the study)."
        )
    read = read_json(path)
    tree: Mapping[str, Any] = read if isinstance(read, dict) else {}
    overall: Mapping[str, Any] = tree.get("overall", {})
    coders = listed([str(name) for name in tree.get("coders", [])])
    files = len(tree.get("files", []))
    return (
        f"Agreement between {coders} over {files} recordings: event F1 {quoted(overall, F1)}, "
        f"Cohen's kappa over moments {quoted(overall, TIME)}, event-based kappa (Holle & Rein, "
        f"2015) {quoted(overall, EVENT)}, ICC of rates {quoted(overall, RATE)}."
    )


def _observable(observable: pd.DataFrame) -> str:
    if observable.empty:
        return "Nothing."
    shares = observable.groupby("part", sort=False)["share"].agg(["median", "min"])
    lines = [
        f"- {str(part).replace('_', ' ')}: {row['median']:.0%} of the time (median over clips; "
        f"least {row['min']:.0%})"
        for part, row in shares.iterrows()
    ]
    rare = [str(p).replace("_", " ") for p, r in shares.iterrows() if r["median"] < _LOW_SHARE]
    if rare:
        lines.append(f"\nMostly not to be seen, so that nothing is said of them: {listed(rare)}.")
    return "\n".join(lines)
