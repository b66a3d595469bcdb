"""Words: bringing the labels of several coders to the same names, and saying what has none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from mgskel.core.errors import InputError
from mgskel.core.events import UNKNOWN_CLASS
from mgskel.core.gestures import Vocabulary, get_vocabulary, list_vocabularies, map_classes
from mgskel.core.storage.intake import csv_rows, read_text
from mgskel.study.agreement.coders import Coder, Coding, same

_FROM = ("from", "label", "word", "source", "theirs")
_TO = ("to", "gesture", "target", "name", "means", "ours")
ANY = "*"


@dataclass(frozen=True)
class Word:
    """One line of a table of words."""

    word: str  # a coder's label; `*` for every label (of a tier)
    means: str  # what it stands for; empty to leave such annotations out
    # tier, coder: where the line holds; empty for everywhere
    tier: str = ""
    coder: str = ""


@dataclass(frozen=True)
class Reworded:
    """Coders in common words."""

    coders: tuple[Coder, ...]
    labels: tuple[str, ...]  # every label that occurs, sorted
    # labels that only one coder uses and no vocabulary places: how often. Their events are still
    # there
    unmapped: Mapping[str, int]
    # labels that the table of words leaves out: how often
    left_out: Mapping[str, int] = field(default_factory=dict)
    vocabulary: str = ""  # the vocabulary whose words are used; empty for the coders' own


def read_words(path: str | Path) -> tuple[Word, ...]:
    """A CSV table: a coder's word, what it means, and if wanted the tier and the coder.

    A first line may name the columns (`label,to,tier,coder`); without one they stand in this
    order.
    """
    text = read_text(path, "table of words")
    separator = max(",;\t", key=text.count)
    rows = [[cell.strip() for cell in row] for _, row in csv_rows(text, path, separator)]
    if not rows:
        raise InputError("a table of words without words", place=path, expected="lines of label,to")
    head = [cell.casefold() for cell in rows[0]]
    places = [0, 1, 2, 3]
    if any(name in head for name in _FROM) and any(name in head for name in _TO):
        places = [_place(head, _FROM), _place(head, _TO)]
        places += [head.index(name) if name in head else len(head) for name in ("tier", "coder")]
        rows = rows[1:]
    words = []
    for number, row in enumerate(rows, start=1):
        cells = [row[place] if place < len(row) else "" for place in places]
        if len(row) < 2 or not (cells[0] or cells[2]):
            raise InputError(
                "a word without its meaning",
                place=f"{path}, entry {number}",
                expected="label,to (and if wanted tier,coder)",
                found=separator.join(row),
            )
        words.append(Word(cells[0] or ANY, cells[1], cells[2], cells[3]))
    return tuple(words)


def _place(head: Sequence[str], names: Sequence[str]) -> int:
    return next(head.index(name) for name in names if name in head)


def reword(
    coders: Sequence[Coder],
    words: Sequence[Word] = (),
    vocabulary: Vocabulary | None = None,
    leave_out_unmapped: bool = False,
) -> Reworded:
    """Bring all coders to the same names.

    First the table of words; then a vocabulary: the given one, or the known one that holds most
    of the labels of whoever keeps to one. Labels of other known vocabularies are translated where
    they mean the same. What is left stands for itself. Spellings that differ in case or hyphens
    are one label, spelled as the first coder does.

    Args:
        leave_out_unmapped: drop the events whose labels nobody else can have.
    """
    left_out: Counter[str] = Counter()
    coders = [_translated(coder, words, left_out) for coder in coders]
    chosen = vocabulary or _kept_to(coders)
    known = {same(name) for name in chosen.names} if chosen else set()
    if chosen is not None:
        coders = [_into(coder, chosen, known) for coder in coders]
    spellings = {same(word.means): word.means for word in words if word.means}
    placed = known | set(spellings)
    for label in (label for coder in coders for label in sorted(coder.labels())):
        spellings.setdefault(same(label), label)
    coders = [_renamed(coder, spellings) for coder in coders]
    unmapped = _alone(coders, placed)
    if leave_out_unmapped:
        coders = [_without(coder, unmapped) for coder in coders]
    labels = sorted({label for coder in coders for label in coder.labels()})
    return Reworded(
        tuple(coders),
        tuple(labels),
        dict(sorted(unmapped.items())),
        dict(sorted(left_out.items())),
        chosen.name if chosen else "",
    )


def _translated(coder: Coder, words: Sequence[Word], left_out: Counter[str]) -> Coder:
    if not words:
        return coder
    codings = []
    for coding in coder.codings:
        tiers = coding.tiers or ("",) * len(coding.events)
        kept = []
        for event, tier in zip(coding.events, tiers, strict=True):
            means = _meaning(words, event.label, tier or event.person, coder.name)
            if means is None:
                kept.append(event)
            elif means:
                kept.append(replace(event, label=means, class_id=UNKNOWN_CLASS))
            else:
                left_out[event.label] += 1
        codings.append(replace(coding, events=tuple(kept), tiers=()))
    return replace(coder, codings=tuple(codings))


def _meaning(words: Sequence[Word], label: str, tier: str, coder: str) -> str | None:
    """What the most particular line says of a label; none where no line speaks of it."""
    best: tuple[int, str] | None = None
    for word in words:
        if (
            (word.word == ANY or same(word.word) == same(label))
            and (not word.tier or same(word.tier) == same(tier))
            and (not word.coder or same(word.coder) == same(coder))
        ):
            rank = 4 * (word.word != ANY) + 2 * bool(word.tier) + bool(word.coder)
            if best is None or rank > best[0]:
                best = (rank, word.means)
    return None if best is None else best[1]


def _kept_to(coders: Sequence[Coder]) -> Vocabulary | None:
    """The known vocabulary that some coder's labels mostly belong to."""
    best: tuple[float, int, Vocabulary] | None = None
    for coder in coders:
        labels = {same(label) for label in coder.labels()}
        for name in list_vocabularies():
            vocabulary = get_vocabulary(name)
            known = len(labels & {same(word) for word in vocabulary.names})
            if labels and known > len(labels) / 2:
                share = (known / len(labels), known, vocabulary)
                best = share if best is None or share[:2] > best[:2] else best
    return best[2] if best else None


def _into(coder: Coder, target: Vocabulary, known: set[str]) -> Coder:
    """Labels that the target doesn't have, from the vocabulary that places most of them."""
    foreign = {same(label) for label in coder.labels()} - known
    if not foreign:
        return coder
    ways = []
    for name in list_vocabularies():
        source = get_vocabulary(name)
        mapping = map_classes(source, target, narrower=True)
        ways.append({same(source.by_id(a).name): target.by_id(b).name for a, b in mapping.items()})
    way = max(ways, key=lambda way: len(foreign & set(way)))
    return _renamed(coder, {word: way[word] for word in foreign & set(way)})


def _renamed(coder: Coder, spellings: Mapping[str, str]) -> Coder:
    def renamed(coding: Coding) -> Coding:
        way = {e.label: spellings.get(same(e.label), e.label) for e in coding.events}
        events = tuple(
            e if way[e.label] == e.label else replace(e, label=way[e.label]) for e in coding.events
        )
        return replace(coding, events=events)

    return replace(coder, codings=tuple(map(renamed, coder.codings)))


def _alone(coders: Sequence[Coder], placed: set[str]) -> Counter[str]:
    used = [coder.labels() for coder in coders]
    everywhere: Counter[str] = sum(used, Counter())
    return Counter({
        label: count for label, count in everywhere.items()
        if same(label) not in placed and sum(label in labels for labels in used) < 2
    })  # fmt: skip


def _without(coder: Coder, labels: Mapping[str, int]) -> Coder:
    def kept(coding: Coding) -> Coding:
        events = tuple(event for event in coding.events if event.label not in labels)
        return replace(coding, events=events, tiers=())

    return replace(coder, codings=tuple(map(kept, coder.codings)))
