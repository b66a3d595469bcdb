"""The words of a sentence, and whether they are of a language whose claims can be judged."""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Iterable
from pathlib import Path

from mgskel.core.storage.intake import read_yaml

_WORD = re.compile(r"[^\W\d_]+")
# Latin letters that no decomposition leads to the plain one.
_PLAIN = str.maketrans("ıłđøħ", "ildoh")
_QUOTES = '"\u201c\u201d\u201e\u00ab\u00bb'
_QUOTED = re.compile(f"[{_QUOTES}]([^{_QUOTES}]{{1,200}})[{_QUOTES}]")
_ENOUGH = 6  # different words, of which one at least is common


def words_in(text: str) -> tuple[str, ...]:
    """Words without case; letters that stand one by one ("l i e d") are read as one word."""
    found: list[str] = []
    spelt = ""
    for word in (*_WORD.findall(text.casefold()), "  "):
        if len(word) == 1:
            spelt += word
            continue
        if spelt:
            found += [spelt, spelt[1:]] if len(spelt) > 2 else [spelt]  # "a l i a r"
            spelt = ""
        found.append(word)
    return tuple(found[:-1])


def without_accents(text: str) -> str:
    """Lower letters without accents, so that none can hide a word."""
    apart = unicodedata.normalize("NFD", text.casefold())
    return "".join(c for c in apart if unicodedata.category(c) != "Mn").translate(_PLAIN)


def can_be_judged(text: str, labels: Iterable[str] = (), said: str = "") -> bool:
    """Whether a sentence seems to be English or German, by its commonest words.

    Args:
        labels: the scene's own words, which count for neither.
        said: what was said in the scene, in whatever language: so are quotations of it.
    """
    own = set(words_in(without_accents(" ".join(labels))))
    rest = _QUOTED.sub(lambda quote: " " if quote[1].casefold() in said else quote[0], text)
    words = [word for word in words_in(without_accents(rest)) if word not in own]
    judged, other = _common_words()
    known = sum(word in judged for word in words)
    strange = sum(word in other for word in words)
    return strange < known or (not strange and len(set(words)) < _ENOUGH)


@functools.lru_cache(maxsize=1)
def _common_words() -> tuple[frozenset[str], frozenset[str]]:
    """Words of the judged languages, and of the others; those of both are in neither."""
    tree = read_yaml(Path(__file__).with_name("languages.yaml"))
    judged, other = (
        {str(word) for words in tree[kind].values() for word in words}
        for kind in ("judged", "other")
    )
    return frozenset(judged - other), frozenset(other - judged)
