"""Build hook: the gallery of gestures, each played by a person that never was."""

from __future__ import annotations

from typing import Any

from mkdocs.structure.files import File, Files

from mgskel.core.animation import animated_svg
from mgskel.core.gestures import get_vocabulary
from mgskel.synthesis import CameraSettings, SynthesisSettings, synthesise_clip

PAGE = "gallery.md"
_SEED, _FPS, _HEIGHT, _FRAMES = 4, 12.5, 150, 45
_SEEN = SynthesisSettings(
    layout="upper",
    noise=0.0,
    camera=CameraSettings(framing={"half": 1.0}, desk=0.0, yaw=(-12, 12), pitch=(0, 4)),
)


def animation(label: str) -> str:
    """One performance as SVG."""
    clip = synthesise_clip(label, _SEED, _SEEN, fps=_FPS).sequence
    return animated_svg(clip, _HEIGHT, _FRAMES, title=label, legend=False)


def figures() -> str:
    """All gestures, by the part of the body that shows them."""
    groups: dict[str, list[str]] = {}
    for gesture in get_vocabulary("synthetic"):
        groups.setdefault(gesture.group, []).append(
            '<figure style="display:inline-block;margin:4px;text-align:center">'
            f'<img src="gestures/{gesture.name}.svg" height="{_HEIGHT}" '
            f'alt="a skeleton performs {gesture.name}">'
            f"<figcaption>{gesture.name}</figcaption></figure>"
        )
    return "\n".join(f"## {group}\n\n{''.join(shown)}\n" for group, shown in groups.items())


def on_files(files: Files, config: Any) -> Files:
    for gesture in get_vocabulary("synthetic"):
        picture = f"gestures/{gesture.name}.svg"
        files.append(File.generated(config, picture, content=animation(gesture.name)))
    return files


def on_page_markdown(markdown: str, page: Any, config: Any, files: Files) -> str:
    return f"{markdown}\n{figures()}" if page.file.src_uri == PAGE else markdown
