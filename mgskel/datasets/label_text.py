"""Vectors for class names, so that a network can know that touching an ear is like touching a jaw.

Computed offline from the words themselves: words and their character trigrams are hashed to
fixed random directions, frequent words count less, and a few words of the field are tied to
body places and kinds of motion. No download, no model; the same names give the same vectors.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Sequence

import numpy as np

DIMENSIONS = 96
_TRIGRAM_WEIGHT = 0.25
_CONCEPTS = {
    "@face": "face facial eye eyes nose ear ears mouth lips jaw forehead cheek glasses nails chin",
    "@head": "head hair hat neck hindbrain turtle turtling nodding face facial bowing tilting",
    "@torso": "torso body chest back shoulder shoulders suprasternal notch collar shirt belly",
    "@arm": "arm arms elbow akimbo sleeve",
    "@hand": "hand hands finger fingers fist rubbing scratching touching holding clenching waving "
    "playing pointing minaret clap catch throw push",
    "@leg": "leg legs foot feet knee knees tiptoe walk run jump sit stand squat lunge kick jog",
    "@touch": "touching touch covering rubbing scratching patting biting holding buckle adjusting",
    "@repeat": "rubbing scratching shaking nodding waving patting tapping clap fidgeting",
    "@fold": "folding crossing crossed cross folded closing curling",
    "@object": "object objects hat collar tie jewelry glasses nails shirt clothes",
}
_STOPWORDS = frozenset(
    "a an and at by for in of on or other some than the their to up with".split()
)


def label_vectors(names: Sequence[str], dimensions: int = DIMENSIONS) -> np.ndarray:
    """(K, dimensions) float32 unit vectors; classes that share words and places lie close."""
    tokens = [_tokens(name) for name in names]
    seen_in = Counter(token for bag in tokens for token in set(bag))
    vectors = np.zeros((len(names), dimensions), np.float32)
    for row, bag in enumerate(tokens):
        for token, weight in bag.items():
            rarity = 1.0 + np.log(len(names) / seen_in[token])
            vectors[row] += weight * rarity * _direction(token, dimensions)
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return (vectors / np.maximum(lengths, 1e-6)).astype(np.float32)


def _tokens(name: str) -> dict[str, float]:
    words = [w for w in re.findall(r"[a-z]+|\d+", name.lower()) if w not in _STOPWORDS]
    bag: defaultdict[str, float] = defaultdict(float)
    for word in words:
        bag[word] += 1.0
        padded = f"^{word}$"
        for start in range(len(padded) - 2):
            bag[f"#{padded[start : start + 3]}"] += _TRIGRAM_WEIGHT
        for concept, members in _CONCEPTS.items():
            if word in members.split():
                bag[concept] += 1.0
    return dict(bag)


def _direction(token: str, dimensions: int) -> np.ndarray:
    seed = int.from_bytes(hashlib.sha256(token.encode()).digest()[:8], "little")
    return np.random.default_rng(seed).standard_normal(dimensions) / np.sqrt(dimensions)
