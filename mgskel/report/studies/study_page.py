"""The page of a study: all events of all clips at a glance, rates, quality, one file.

The page is made of what lies in the study's folder, so that it can be made again whenever a table
or a map of gestures has come anew.
"""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from mgskel.core.storage.files import write_text
from mgskel.core.storage.intake import read_json, read_text
from mgskel.report.drawing import group_colours
from mgskel.report.frame import bullets, card, framed, paragraph, table, text
from mgskel.report.studies.study_methods import METHODS
from mgskel.study.study_folder import REPORT, About, ClipResult, study_clips
from mgskel.study.tables import KEYS, OWN_COLUMNS, TABLES, read_tables

if TYPE_CHECKING:
    import pandas as pd

PAGE = "index.html"
GESTURE_MAP = "gestures.json"
_OTHER_PAGES = ("agreement/agreement.html",)
_MOST_VALUES = 8
"""More different values than this make a column no grouping."""


def write_study_page(folder: Path) -> Path:
    """Make the page of a study from what lies in its folder; returns its path."""
    clips, about = study_clips(folder), About.load(folder)
    write_text(folder / PAGE, render_study_page(folder, clips, about, read_tables(folder)))
    return folder / PAGE


def render_study_page(
    folder: Path,
    clips: Sequence[ClipResult],
    about: About,
    tables: Mapping[str, pd.DataFrame],
) -> str:
    """The page as text."""
    summary, observable = tables["summary"], tables["observable"]
    columns = [name for name in summary.columns if name not in OWN_COLUMNS]
    rows = observable.drop_duplicates(list(KEYS)).reset_index(drop=True)
    data = _data(rows, columns, tables, clips)
    people = rows["participant"].nunique()
    events = int(summary["count"].sum())
    minutes = float(rows["recorded_s"].sum()) / 60
    lead = (
        f"{len(clips)} clip{'s' * (len(clips) != 1)}, {people} participant{'s' * (people != 1)}, "
        f"{minutes:.1f} minutes, {events} events."
    )
    parts = [_cautions(clips, about, observable), _RASTER, _RATES, _PANELS]
    map_file = folder / GESTURE_MAP
    if map_file.exists():
        data["map"] = read_json(map_file)
        parts.append(_MAP)
    parts += [
        card("Clips", _clip_table(rows, columns, data)),
        card("Gestures", _gesture_table(summary)),
        card("What could be seen", _seen_table(observable)),
        card("Methods", _methods(folder)),
        card("Tables and pages", _downloads(folder)),
    ]
    return framed(
        folder.resolve().name or "study",
        "mgskel study",
        lead,
        "\n".join(filter(None, parts)),
        data=data,
        scripts=("words.js", "study.js", *(("gesture_map.js",) if map_file.exists() else ())),
    )


def _data(
    rows: pd.DataFrame,
    columns: Sequence[str],
    tables: Mapping[str, pd.DataFrame],
    clips: Sequence[ClipResult],
) -> dict[str, Any]:
    """What the scripts read: rows, gestures, events as columns of whole numbers."""
    summary, events = tables["summary"], tables["events"]
    counts = summary.groupby("label", sort=False)["count"].sum()
    labels = [str(label) for label, n in counts.sort_values(ascending=False).items() if n > 0]
    groups = dict(zip(summary["label"], summary["group"], strict=True))
    place = {
        key: index for index, key in enumerate(rows[list(KEYS)].itertuples(index=False, name=None))
    }
    order = {label: index for index, label in enumerate(labels)}
    wide = summary[summary["label"].isin(labels)].pivot(
        index=list(KEYS), columns="label", values=["count", "observable_s"]
    )
    wide = wide.reindex(list(place))
    links = {clip.name: link(clip.name) for clip in clips if (clip.folder / REPORT).exists()}
    keys = events[list(KEYS)].itertuples(index=False, name=None)
    return {
        "rows": [
            {
                "name": row["clip"],
                "participant": row["participant"],
                "person": row["person"],
                "link": links.get(str(row["clip"]), ""),
                "seconds": round(float(row["recorded_s"]), 2),
                "values": [row[name] for name in columns],
            }
            for _, row in rows.iterrows()
        ],
        "columns": [
            {"name": name, "groups": 1 < rows[name].nunique() <= _MOST_VALUES} for name in columns
        ],
        "labels": [{"name": label, "group": str(groups[label])} for label in labels],
        "groups": group_colours(str(groups[label]) for label in labels),
        "events": {
            "row": [place[key] for key in keys],
            "label": [order[str(label)] for label in events["label"]],
            "start": [round(float(s) * 100) for s in events["start_s"]],
            "length": [max(1, round(float(s) * 100)) for s in events["duration_s"]],
            "score": [round(float(s) * 100) for s in events["score"]],
        },
        "counts": _columns(wide, "count", labels),
        "tenths": _columns(wide, "observable_s", labels, scale=10),
    }


def _columns(
    wide: pd.DataFrame, name: str, labels: Sequence[str], scale: int = 1
) -> list[list[int]]:
    """Whole numbers per row and gesture."""
    if not labels:
        return [[] for _ in range(len(wide))]
    return [
        [int(value) for value in line]
        for line in (scale * wide[name][list(labels)].fillna(0)).round().to_numpy()
    ]


def link(clip: str) -> str:
    """Where a clip's report lies, seen from the study's page."""
    return f"./{quote(clip)}/{REPORT}"


def _cautions(clips: Sequence[ClipResult], about: About, observable: pd.DataFrame) -> str:
    lines = [
        f"{name} could not be analysed: {why.splitlines()[0]}"
        for name, why in about.failures.items()
    ]
    notes: dict[str, list[str]] = {}
    for clip in clips:
        quality = clip.quality()
        said = [str(note) for note in quality.get("notes", [])]
        said += [
            f"cannot show {item.get('group')}: {item.get('why')}"
            for item in quality.get("verdict", [])
            if isinstance(item, dict) and not item.get("can_show", True)
        ]
        for note in said:
            notes.setdefault(note, []).append(clip.name)
    short = observable.drop_duplicates("clip").query("recorded_s < 10")["clip"].tolist()
    if short:
        lines.append(
            f"shorter than ten seconds, so that a rate per minute says little: {_some(short)}"
        )
    ordered = sorted(notes.items(), key=lambda item: (-len(item[1]), item[0]))
    quality_lines = [f"{note} ({_some(names)})" for note, names in ordered]
    if not lines and not quality_lines:
        return ""
    content = bullets(lines) if lines else ""
    if quality_lines:
        shown = bullets(quality_lines)
        content += (
            f"<details{' open' if len(quality_lines) <= 4 else ''}><summary>"
            f"{len(quality_lines)} remarks on quality</summary>{shown}</details>"
        )
    return card("Take care", content)


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(names[:4])
    return f"{shown} and {len(names) - 4} more" if len(names) > 4 else shown


def _clip_table(rows: pd.DataFrame, columns: Sequence[str], data: Mapping[str, Any]) -> str:
    lines = []
    for row, counts in zip(data["rows"], data["counts"], strict=True):
        name = text(row["name"])
        shown = f'<a href="{text(row["link"])}">{name}</a>' if row["link"] else name
        minutes = row["seconds"] / 60
        top = max(range(len(counts)), key=counts.__getitem__) if sum(counts) else None
        lines.append(
            [shown, text(row["participant"]), text(row["person"]), *map(text, row["values"]),
             f"{minutes:.1f}", str(sum(counts)),
             f"{sum(counts) / minutes:.1f}" if minutes else "&ndash;",
             text(data["labels"][top]["name"]) if top is not None else "&ndash;"]
        )  # fmt: skip
    head = ["clip", "participant", "person", *columns, "minutes", "events", "per minute",
            "most often"]  # fmt: skip
    first = 3 + len(columns)
    return table("Clips", head, lines, numbers=[first, first + 1, first + 2], sortable=True)


def _gesture_table(summary: pd.DataFrame) -> str:
    lines = []
    for label, own in summary.groupby("label", sort=False):
        count = int(own["count"].sum())
        if not count:
            continue
        seen = float(own["observable_s"].sum())
        minutes = f"{seen / 60:.1f}" if seen >= 30 else f"{seen / 60:.2f}"
        lines.append(
            [text(label), text(own["group"].iloc[0]), str(count),
             f"{int((own['count'] > 0).sum())} of {len(own)}",
             f"{count / seen * 60:.2f}" if seen else "&ndash;",
             f"{float(own['total_s'].sum()) / count:.2f}", minutes]
        )  # fmt: skip
    never = [str(label) for label, own in summary.groupby("label", sort=False)
             if not own["count"].sum()]  # fmt: skip
    head = ["gesture", "body group", "events", "in recordings", "per minute", "mean length, s",
            "minutes seen"]  # fmt: skip
    shown = table("Gestures", head, lines, numbers=[2, 3, 4, 5, 6], sortable=True)
    if never:
        shown += paragraph(f"Never found: {', '.join(never)}.", "hint")
    return shown


def _seen_table(observable: pd.DataFrame) -> str:
    parts = list(dict.fromkeys(observable["part"]))
    wide = observable.pivot(index=list(KEYS), columns="part", values="share")[parts]
    keys = observable[list(KEYS)].drop_duplicates().itertuples(index=False, name=None)
    wide = wide.reindex(list(keys))
    lines = []
    for (clip, _, person), shares in zip(wide.index, wide.to_numpy(), strict=True):
        cells = [
            f'<div class="heat" style="background: color-mix(in srgb, var(--accent) '
            f'{0 if share != share else share * 55:.0f}%, transparent)">'
            f"{'' if share != share else f'{share:.0%}'}</div>"
            for share in shares
        ]
        lines.append([text(clip), text(person), *cells])
    head = ["clip", "person", *(str(part).replace("_", " ") for part in parts)]
    hint = paragraph("Share of the recording in which at least half of a part's points were seen. "
                     "Legs out of the picture are not still legs.", "hint")  # fmt: skip
    numbers = list(range(2, len(head)))
    shown = table("What could be seen", head, lines, numbers=numbers, sortable=True)
    if len(lines) <= 12:
        return hint + shown
    return f"{hint}<details><summary>All {len(lines)} recordings</summary>{shown}</details>"


def _methods(folder: Path) -> str:
    """The methods file, its simple Markdown made into paragraphs."""
    path = folder / METHODS
    if not path.exists():
        return paragraph("Not written yet.", "hint")
    blocks = []
    for block in read_text(path).strip().split("\n\n"):
        if block.startswith("# "):
            continue
        if block.startswith("## "):
            blocks.append(f"<h3>{text(block[3:])}</h3>")
        elif block.startswith("- "):
            blocks.append(bullets(line[2:] for line in block.split("\n") if line[:2] == "- "))
        else:
            blocks.append(paragraph(block.replace("`", "")))
    return "".join(blocks)


def _downloads(folder: Path) -> str:
    files = [f"{name}.csv" for name in TABLES] + [METHODS]
    files += [f"{name}.parquet" for name in TABLES if (folder / f"{name}.parquet").exists()]
    pages = [page for page in _OTHER_PAGES if (folder / page).exists()]
    pages += sorted(path.name for path in folder.glob("compare*.html"))
    links = [f'<a class="download" href="./{quote(name)}">{html.escape(name)}</a>'
             for name in (*files, *pages)]  # fmt: skip
    return f'<div class="controls">{"".join(links)}</div>'


_RASTER = card(
    "All events",
    """<div class="controls" role="group" aria-label="What the picture shows">
<label>Order by <select id="order"></select></label>
<label>Gesture <select id="gesture"></select></label>
<label class="toggle"><input type="checkbox" id="stretch"> Each clip over its full length</label>
</div>
<div id="legend" class="legend"></div>
<canvas id="raster" role="img" aria-label="Every event of every clip over time"></canvas>
<p class="hint">One row a clip and person. Point at an event to read it; click to open the clip's
report. The table below holds the same clips.</p>""",
    name="all-events",
)
_RATES = card(
    "Rates",
    """<div class="controls"><label>Compare by <select id="by"></select></label></div>
<div id="rates"></div>
<p class="hint">Events per minute in which the gesture could be seen, over all clips of a group.
Whether groups differ is a question for <code>mgskel compare</code>.</p>""",
    name="rates-heading",
)
_PANELS = card(
    "Gesture by gesture",
    """<div id="panels" class="panels"></div>
<p class="hint">A dot is one clip and person; the bar is the median.</p>""",
    name="panels-heading",
)
_MAP = card(
    "Similar movements",
    """<div class="map-columns"><canvas id="map" role="img"
aria-label="Events placed by the likeness of their movement"></canvas>
<div><canvas id="map-player" role="img" aria-label="Skeleton of the chosen event"></canvas>
<p id="map-caption" class="hint" aria-live="polite">Choose a dot to see its movement.</p>
</div></div>
<p class="hint">Dots that lie close together moved alike, whatever they are called.</p>""",
    name="similar-movements",
)
