"""What our own words mean, for readers of a command's help; docs/glossary.md has more."""

from __future__ import annotations

import re

WORDS = {
    "bundle": "one .npz with many labelled recordings",
    "ELAN": "a free program in which people annotate videos; BORIS is another",
    "ensemble": "several trained networks that answer together",
    "keypoints": "where each joint is in the picture, frame by frame",
    "layout": "which joints a skeleton has, and in which order",
    "ONNX": "a file of a network that other programs run",
    "run": "the folder that a training writes (also its zip, or hf:OWNER/NAME)",
    "scene": "what is known of the situation: setting, what was said, what is asked",
    "sensitivity": "0 to 1: the higher, the more is found, and the more of it falsely",
    "spotter": "a recognizer that finds gestures in long recordings",
    "statement": "one measurement in words, with its numbers and times",
    "vocabulary": "the gestures that a recognizer or data set knows, and their names",
}


def explained(text: str) -> str:
    """Those that a text uses, a line each."""
    used = [word for word in WORDS if re.search(rf"\b{word}s?\b", text, re.IGNORECASE)]
    if not used:
        return ""
    width = max(map(len, used))
    return "\n".join(["words:", *(f"  {word:<{width}}  {WORDS[word]}" for word in used)])
