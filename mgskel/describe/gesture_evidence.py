"""Gestures beside the measurement: do the joints show what a recognizer or a coder says?"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from mgskel.core.events import GROUP, GestureEvent
from mgskel.core.gestures import gestures_of, get_vocabulary, known_gestures, list_vocabularies
from mgskel.describe.body import Body
from mgskel.describe.kinds import KINDS, Kind
from mgskel.describe.statement import Finding
from mgskel.describe.wording import shown

Verdict = Literal["agrees", "disagrees", "not measurable"]
_SLACK_S = 0.5  # recognised borders are not exact
_SEEN = 0.5  # the joints must be seen for this share of the gesture to contradict it
_MOST = 2  # findings that are told in a few words


@dataclass(frozen=True)
class Evidence:
    """What was measured during an event.

    Attributes:
        cited: positions in the list of findings: those that agree, or else what was there instead.
        text: these in a few words, such as "the head went to and fro twice".
    """

    event: GestureEvent
    verdict: Verdict
    cited: tuple[int, ...] = ()
    text: str = ""

    @property
    def words(self) -> str:
        """For a table's cell; empty where nothing can be said."""
        if self.verdict == "disagrees":
            return f"not shown; instead: {self.text}" if self.text else "not shown"
        return self.text


def evidence_for(event: GestureEvent, findings: Sequence[Finding], body: Body | None) -> Evidence:
    """Whether one person's findings show an event of that person; none without a body."""
    kinds = kinds_for(event.label, event.group if event.level == GROUP else "")
    names = {kind.name for kind in kinds}
    during = [i for i, finding in enumerate(findings) if _is_during(finding, event)]
    if agreeing := [i for i in during if findings[i].kind in names]:
        return _evidence(event, "agrees", agreeing, findings)
    others = [i for i in during if findings[i].kind != "stillness"]
    seen = body is not None and any(_could_be_seen(event, kind, body) for kind in kinds)
    return _evidence(event, "disagrees" if seen else "not measurable", others, findings)


def _evidence(
    event: GestureEvent, verdict: Verdict, cited: Sequence[int], findings: Sequence[Finding]
) -> Evidence:
    text = (
        ""
        if verdict == "not measurable"
        else "; ".join(dict.fromkeys(shown(findings[i]) for i in cited[:_MOST]))
    )
    return Evidence(event, verdict, tuple(cited), text)


@functools.cache
def kinds_for(label: str, group: str = "") -> tuple[Kind, ...]:
    """The kinds of statement one of which a gesture's name leads one to expect, or the name of a
    whole group of gestures."""
    names = set(gestures_of(label))
    if group:
        vocabularies = map(get_vocabulary, list_vocabularies())
        names.update(n for v in vocabularies for g in v if g.group == group for n in g.means)
    known = known_gestures()
    shown_by = {kind for name in names & set(known) for kind in known[name].shows}
    return tuple(
        entry.kind
        for entry in KINDS
        if entry.kind.name in shown_by or names & set(entry.kind.supports)
    )


def _is_during(finding: Finding, event: GestureEvent) -> bool:
    overlaps = finding.from_s < event.end_s + _SLACK_S and finding.to_s > event.start_s - _SLACK_S
    return finding.there and overlaps


def _could_be_seen(event: GestureEvent, kind: Kind, body: Body) -> bool:
    inside = (body.times >= event.start_s) & (body.times <= event.end_s)
    if not inside.any() or not body.has(*kind.needs):
        return False
    seen = [np.isfinite(body.points[name][0, inside]).mean() for name in kind.needs]
    return min(seen, default=0.0) >= _SEEN
