"""Emotion words in what the judged person said, for the `rules` reasoner."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mgskel.reason.priors import Cue, Priors, WordGroup
from mgskel.reason.scene import Place

_WORD = re.compile(r"[^\W\d_]+(?:['\u2019][^\W\d_]+)?")
_REACH = 3


def word_cues(text: str, priors: Priors) -> Iterator[Cue]:
    """One cue per emotion word; a negation shortly before turns its valence round.

    Negated words keep no arousal and stress: "not worried" is no measurement of calm.
    """
    words = [word.casefold().replace("\u2019", "'") for word in _WORD.findall(text)]
    for position, word in enumerate(words):
        group = _group(word, priors)
        if group is None:
            continue
        before = words[max(0, position - _REACH) : position]
        negated = any(other in priors.words.negations for other in before)
        if negated and group.valence is None:
            continue
        yield Cue(
            name=f"{group.cue} ({'not ' if negated else ''}{word})",
            place=_turned(group) if negated else _place(group),
            weight=priors.words.weight,
            family=priors.words.family,
            innocent=("people say what is polite or expected",),
        )


def _group(word: str, priors: Priors) -> WordGroup | None:
    for group in priors.words.groups:
        if any(word.startswith(stem) for stem in group.stems):
            return group
    return None


def _place(group: WordGroup) -> Place:
    return Place(valence=group.valence, arousal=group.arousal, stress=group.stress)


def _turned(group: WordGroup) -> Place:
    # "Not happy" is unhappy, "not sad" is only not sad: half the way back.
    assert group.valence is not None
    return Place(valence=-group.valence if group.valence > 0 else -0.5 * group.valence)
