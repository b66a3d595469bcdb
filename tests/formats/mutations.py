"""Good files made bad: cut, overwritten, and with single values replaced by hostile ones."""

from __future__ import annotations

import io
import json
import random
import zipfile
from collections.abc import Callable
from typing import Any

HOSTILE: tuple[Any, ...] = (
    None, True, -1, 0, 10**9, 10**30, 1e300, -1e300, float("nan"), float("inf"), "", "x", "9" * 400,
    "\u202e\x00", [], {}, [[]], [1, "a"], {"a": {"b": []}}, ["a"] * 3, 0.5, "1e999", "=1+1",
)  # fmt: skip
_CELLS = (
    "", "nan", "inf", "-inf", "1e999", "1e300", "-1", '"', "x" * 300, "\x00", "²", "9" * 400,
    "\u2028", "1,1", "=cmd()",
)  # fmt: skip
_TOKENS = (b'0123456789,.-[]{}"ne \n', b"<>&/!\x00\xff", bytes(range(0x80, 0x98)) + b"(.]}tRbqh")


def bytes_changed(good: bytes, rng: random.Random) -> bytes:
    """Cut off, with bytes changed, taken out or put in."""
    content = bytearray(good)
    place = rng.randrange(len(content))
    kind = rng.randrange(4)
    if kind == 0:
        del content[place:]
    elif kind == 1:
        for _ in range(rng.randrange(1, 8)):
            content[rng.randrange(len(content))] = rng.randrange(256)
    elif kind == 2:
        del content[place : place + rng.randrange(1, 200)]
    else:
        content[place:place] = rng.choices(rng.choice(_TOKENS), k=rng.randrange(1, 6))
    return bytes(content)


def value_changed(tree: Any, rng: random.Random) -> Any:
    """A JSON tree with one of its values taken out, doubled or replaced."""
    spots: list[tuple[Any, Any]] = []
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        keys = list(node) if isinstance(node, dict) else range(len(node))
        spots += [(node, key) for key in keys]
        waiting += [node[key] for key in keys if isinstance(node[key], dict | list)]
    if not spots or rng.random() < 0.03:
        return rng.choice(HOSTILE)
    # As likely near the root as among the many numbers of the leaves.
    shallow = [spot for spot in spots if isinstance(spot[0], dict)]
    node, key = rng.choice(shallow if shallow and rng.random() < 0.7 else spots)
    if rng.random() < 0.15 and isinstance(node, dict):
        del node[key]
    elif rng.random() < 0.1 and isinstance(node, list):
        node.insert(0, node[key])
    else:
        node[key] = rng.choice(HOSTILE)
    return tree


def json_changed(good: bytes, rng: random.Random) -> bytes:
    return json.dumps(value_changed(json.loads(good), rng)).encode()


def cell_changed(good: bytes, rng: random.Random) -> bytes:
    """A table with one cell replaced, or one row doubled, moved or taken out."""
    lines = good.decode().split("\n")
    at = rng.randrange(len(lines))
    cells = lines[at].split(",")
    if rng.random() < 0.7:
        cells[rng.randrange(len(cells))] = rng.choice(_CELLS)
        lines[at] = ",".join(cells)
    else:
        line = lines.pop(at)
        lines[rng.randrange(len(lines) + 1) : 0] = [line] * rng.randrange(3)
    return "\n".join(lines).encode()


def npz_changed(good: bytes, rng: random.Random) -> bytes:
    """An archive with one member changed: header or content, or its JSON header's values."""
    with zipfile.ZipFile(io.BytesIO(good)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    name = rng.choice(sorted(members))
    if name == "header.npy" and rng.random() < 0.8:
        import numpy as np

        text = str(np.load(io.BytesIO(members[name])))
        buffer = io.BytesIO()
        np.save(buffer, np.array(json.dumps(value_changed(json.loads(text), rng))))
        members[name] = buffer.getvalue()
    elif rng.random() < 0.1:
        del members[name]
    elif rng.random() < 0.5:
        head = bytes_changed(members[name][:128], rng)
        members[name] = head + members[name][128:]
    else:
        members[name] = bytes_changed(members[name], rng)
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for key, content in members.items():
            archive.writestr(key, content)
    return made.getvalue()


Change = Callable[[bytes, random.Random], bytes]


def changes_for(name: str, content: bytes) -> list[Change]:
    """What can be done to a file of such a name."""
    if content.startswith(b"PK"):
        return [bytes_changed, npz_changed, npz_changed]
    if name.endswith((".json", ".boris")):
        return [bytes_changed, json_changed, json_changed]
    if name.endswith((".csv", ".skeleton", ".srt", ".tsv")):
        return [bytes_changed, cell_changed]
    return [bytes_changed]
