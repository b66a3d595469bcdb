"""Draw synthetic gestures: an animation per class, and a contact sheet of all.

    python tools/show_synthetic.py -o OUT [--labels nod,shrug] [--sheet-only] [--seed 0]

Left is blue, right is red, face points are purple. Animations show what an estimator would give;
the sheet shows each class at rest, on the way, and twice at its apex.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from studies.asking import ending_well, parser_of

from mgskel.core.sequence import PoseSequence
from mgskel.core.storage.files import writing
from mgskel.synthesis import SynthesisSettings, SyntheticRecording, synthesise_clip
from mgskel.synthesis.programs import load_programs

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D

_COLOURS = {"left": "tab:blue", "right": "tab:red"}


def bones(axes: Axes, sequence: PoseSequence) -> list[Line2D]:
    """Empty lines of a layout's bones and face points, drawn into `axes`."""
    width, height = sequence.frame_size or (1, 1)
    axes.set(xlim=(0, width), ylim=(height, 0), xticks=[], yticks=[], aspect="equal")
    lines = []
    for child, _ in sequence.skeleton.bones:
        if sequence.skeleton.part_of(child) == "face":
            continue
        side = sequence.skeleton.joints[child].split("_")[0]
        lines.append(axes.plot([], [], color=_COLOURS.get(side, "black"), lw=1.2)[0])
    lines.append(axes.plot([], [], ".", color="tab:purple", ms=2)[0])
    return lines


def place(lines: list, sequence: PoseSequence, frame: int) -> None:
    skeleton, points = sequence.skeleton, sequence.keypoints[0, frame]
    drawn = [bone for bone in skeleton.bones if skeleton.part_of(bone[0]) != "face"]
    for line, bone in zip(lines, drawn, strict=False):
        line.set_data(points[list(bone), 0], points[list(bone), 1])
    face = list(skeleton.parts.get("face", ()))
    lines[-1].set_data(points[face, 0], points[face, 1])


def animate(clip: SyntheticRecording, path: Path) -> None:
    import matplotlib.pyplot as plt
    from matplotlib.animation import FuncAnimation, PillowWriter

    sequence, gesture = clip.sequence, clip.truth[0]
    figure, axes = plt.subplots(figsize=(4, 3))
    lines = bones(axes, sequence)

    def step(frame: int) -> list:
        place(lines, sequence, frame)
        inside = gesture.onset_s <= sequence.timestamps[frame] <= gesture.end_s
        axes.set_title(gesture.program + (" *" if inside else ""), fontsize=9)
        return lines

    film = FuncAnimation(figure, step, frames=sequence.num_frames)
    with writing(path) as temporary:
        film.save(temporary, writer=PillowWriter(fps=round(sequence.fps)), dpi=70)
    plt.close(figure)


def sheet(clips: list[SyntheticRecording], path: Path, columns: int = 3) -> None:
    import matplotlib.pyplot as plt

    rows = int(np.ceil(len(clips) / columns))
    figure, grid = plt.subplots(rows, 4 * columns, figsize=(4.8 * columns, 1.0 * rows + 0.3))
    grid = np.atleast_2d(grid)
    for axes in grid.flat:
        axes.axis("off")
    for number, clip in enumerate(clips):
        gesture, sequence = clip.truth[0], clip.sequence
        middle = (gesture.apex_s + gesture.offset_s) / 2
        quarter = 0.25 / gesture.tempo_hz if gesture.tempo_hz else 0.1
        moments = (gesture.onset_s - 0.05, (gesture.onset_s + gesture.apex_s) / 2,
                   middle - quarter, middle + quarter)  # fmt: skip
        for column, moment in enumerate(moments):
            axes = grid[number // columns, 4 * (number % columns) + column]
            axes.axis("on")
            frame = int(np.clip(moment * sequence.fps, 0, sequence.num_frames - 1))
            place(bones(axes, sequence), sequence, frame)
            if column == 0:
                axes.set_title(f"{gesture.program} {gesture.target}", fontsize=6, loc="left", pad=1)
    figure.tight_layout(pad=0.2)
    with writing(path) as temporary:
        figure.savefig(temporary, dpi=90)
    plt.close(figure)


@ending_well
def main(argv: Sequence[str] | None = None) -> int:
    parser = parser_of(__doc__)
    parser.add_argument("-o", "--out", type=Path, required=True)
    parser.add_argument("--labels", help="classes, separated by commas (default: all)")
    parser.add_argument("--layout", default="mediapipe_holistic")
    parser.add_argument("--programs", nargs="*", type=Path, default=[], help="own program files")
    parser.add_argument("--noise", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--sheet-only", action="store_true", help="no animations")
    arguments = parser.parse_args(argv)
    import matplotlib

    matplotlib.use("Agg")
    settings = SynthesisSettings(
        layout=arguments.layout, noise=arguments.noise, programs=tuple(arguments.programs)
    )
    programs = load_programs(*settings.programs)
    labels = arguments.labels.split(",") if arguments.labels else programs.labels
    clips = [synthesise_clip(label, arguments.seed + i, settings) for i, label in enumerate(labels)]
    sheet(clips, arguments.out / "sheet.png")
    for clip in () if arguments.sheet_only else clips:
        animate(clip, arguments.out / f"{clip.truth[0].label}.gif")
    print(f"{arguments.out}: {len(clips)} classes")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
