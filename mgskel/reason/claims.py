"""What a sentence claims: which evidence it names, what it speaks of, and what it may not say.

Everything here works on words, one after the other, in time that grows with the text alone. It
is the second line: the first is the structure of an answer, in which each sentence stands with
its evidence. No list of words is complete, in any language.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from mgskel.core.storage.intake import read_yaml
from mgskel.reason.evidence import Item
from mgskel.reason.language import without_accents, words_in

_BRACKETED = re.compile(r"[\[(,;\u201e\u201c\"']\s?([A-Za-z]{1,3})[\s_.#-]?(\d{1,6})(?!\d)")
_BARE = re.compile(r"(?<![^\W_])([A-Za-z]{1,3}[_.#-]?|[SGU]\s)(\d{1,6})(?![^\W_])")
_LIST = re.compile(r"[\[({<]\s?([A-Za-z]{1,3})[\s_.#-]?\d{1,6}([^\])}>]{0,200})")
_KINDS = {"statement": "s", "gesture": "g", "utterance": "u", "evidence": "s", "item": "s"}
_KINDS |= {"aussage": "s", "geste": "g", "äußerung": "u", "feststellung": "s", "beleg": "s"}
_KINDS |= {f"{word}{end}": kind for word, kind in _KINDS.items() for end in ("s", "n", "en", "e")}
_BETWEEN = frozenset(("no", "number", "nr", "and", "or", "to", "und", "oder", "bis"))
_PIECE = re.compile(r"[^\W\d_]+|\d+")
_IN_A_WORD = re.compile(r"(?<=[^\W\d_])[-/.*_'\u2019\u00b7](?=[^\W\d_])")
_DIGIT_IN_A_WORD = re.compile(r"(?<=[^\W\d_])[013457](?=[^\W\d_])")
_LETTER_OF = {"0": "o", "1": "i", "3": "e", "4": "a", "5": "s", "7": "t"}
_LATIN_END = 0x180  # the letters of Western, Northern and Central European languages
_STEM = 4


def normalised(text: str) -> str:
    """One line in compatibility form, without characters that are not seen."""
    composed = unicodedata.normalize("NFKC", text)
    seen = "".join(
        " " if unicodedata.category(c) in ("Cc", "Zl", "Zp") else c
        for c in composed
        if unicodedata.category(c) not in ("Cf", "Co", "Cs", "Cn") and not _selects_variant(c)
    )
    return " ".join(seen.split())


def _selects_variant(character: str) -> bool:
    return "\ufe00" <= character <= "\ufe0f" or "\U000e0100" <= character <= "\U000e01ef"


def strange_letter(text: str) -> str | None:
    """A letter beyond the Latin alphabets, which may look like one within."""
    return next((c for c in text if c.isalpha() and ord(c) >= _LATIN_END), None)


def mentions(text: str, ids: Iterable[str]) -> set[str]:
    """Ids of evidence that a text names, in any spelling: `[s1]`, `(S1)`, `[s-1]`, `statement 1`.

    The beginnings of `ids`, which exist, and u, g and s tell an id from other words.
    """
    kinds = {"u", "g", "s", *(one.rstrip("0123456789") for one in ids)}
    named = [*_BRACKETED.findall(text), *_BARE.findall(text)]
    # "[s1, 2-4]" goes on with the same letter.
    for kind, rest in _LIST.findall(text):
        named += [(kind, n) for n in re.findall(r"(?<![\w.:])\d{1,6}(?![\w.:])", rest)]
    found = {(kind.strip(" _.#-").lower(), int(n)) for kind, n in named}
    pieces = _PIECE.findall(text.casefold())
    spelt = ""
    for piece, following in zip(pieces, [*pieces[1:], ""], strict=True):  # "statements 3 and 4"
        if piece.isdecimal() and following not in ("of", "von"):  # a count is no number
            found |= {(spelt, int(piece[:9]))} if spelt else set()
        elif piece not in _BETWEEN or not spelt:
            spelt = _KINDS.get(piece, "")
    return {f"{kind}{n}" for kind, n in found if kind in kinds}


def forbidden(
    text: str, items: Sequence[Item] = (), labels: Iterable[str] = ()
) -> Iterator[tuple[str, str]]:
    """Topics that a sentence touches and may not, each as (the words, what they say).

    A report may use the words of the speech among the `items` that it cites, and anybody the
    scene's own words, its `labels`.
    """
    text = _DIGIT_IN_A_WORD.sub(lambda digit: _LETTER_OF[digit[0]], text)
    joined = _IN_A_WORD.sub("", text)
    if joined != text:  # a word with something between its letters is read both ways
        text = f"{text} . {joined}"
    plain, written = words_in(without_accents(text)), words_in(text)
    own = set(words_in(" ".join(labels)))
    speech = words_in(" ".join(item.text for item in items if item.kind == "said"))
    reports = bool(speech) and any(_found(phrase, written) for phrase in _lexicon().speech)
    for topic in _lexicon().topics:
        for words, phrases in (
            (plain, topic.en), (written, topic.de), (plain, topic.others)
        ):  # fmt: skip
            for phrase in phrases:
                hit = _found(phrase, words)
                if hit is None or own.issuperset(hit):
                    continue
                if reports and _found(phrase, speech):
                    continue
                yield " ".join(hit), topic.says
                break


def speaks_of(text: str, items: Sequence[Item], labels: Iterable[str]) -> bool:
    """Whether a sentence speaks of what it cites.

    It has a word in common with the evidence, names a judged state, or reports cited speech.
    """
    words = words_in(without_accents(text))
    states = [label.casefold() for label in labels]
    if any(word.startswith(state) for word in words for state in states):
        return True
    lexicon = _lexicon()
    if any(_found(phrase, words) for phrase in lexicon.feeling):
        return True
    if any(item.kind == "said" for item in items):
        if any(_found(phrase, words) for phrase in lexicon.speech):
            return True
    told = " ".join(f"{item.text} {item.cue} {item.category}" for item in items)
    return bool(_stems(words) & _stems(words_in(without_accents(told.replace("_", " ")))))


def reports_speech(text: str) -> bool:
    """Whether a sentence tells that somebody said something."""
    return any(_found(phrase, words_in(text)) for phrase in _lexicon().reports)


def _stems(words: Iterable[str]) -> set[str]:
    return {w[:_STEM] for w in words if len(w) > 2 and w not in _lexicon().common}


Phrase = tuple[str, ...]


@dataclass(frozen=True)
class _Topic:
    says: str
    en: tuple[Phrase, ...]
    de: tuple[Phrase, ...]
    others: tuple[Phrase, ...]


@dataclass(frozen=True)
class _Lexicon:
    topics: tuple[_Topic, ...]
    feeling: tuple[Phrase, ...]
    speech: tuple[Phrase, ...]
    reports: tuple[Phrase, ...]
    common: frozenset[str]


@functools.lru_cache(maxsize=1)
def _lexicon() -> _Lexicon:
    tree = read_yaml(Path(__file__).with_name("claims.yaml"))

    def phrases(entries: Iterable[str]) -> tuple[Phrase, ...]:
        return tuple(tuple(entry.casefold().split()) for entry in entries)

    topics = tuple(
        _Topic(topic["says"], *(phrases(topic[key]) for key in ("en", "de", "others")))
        for topic in tree["topics"].values()
    )
    return _Lexicon(
        topics,
        phrases(tree["feeling"]),
        phrases(tree["speech"]),
        phrases(tree["reports"]),
        frozenset(tree["common"]),
    )


def _found(phrase: Phrase, words: Sequence[str]) -> tuple[str, ...] | None:
    """The words that a phrase matches, if it occurs."""
    for start in range(len(words) - len(phrase) + 1):
        here = tuple(words[start : start + len(phrase)])
        if all(map(_matches, phrase, here)):
            return here
    return None


def _matches(pattern: str, word: str) -> bool:
    core = pattern.strip("-")
    if pattern.startswith("-"):
        return core in word
    return word.startswith(core) if pattern.endswith("-") else word == core
