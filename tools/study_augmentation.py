"""Which augmentations help? Each switched on alone, and off in a preset, over seeds.

    python tools/study_augmentation.py --set natops=FILE --set jhmdb14=FILE --seeds 3

One row per finished training goes to docs/results/augmentation.csv; a rerun does what is
missing. The table and the plot beside it are made from all rows.
"""

from __future__ import annotations

from studies.recognition.study import Trial
from studies.recognition.study_command import main

from mgskel.datasets.augment import PARTS, PRESETS

_STRENGTHS = {**PRESETS["action"], **PRESETS["micro"], "mirror": 0.5, "scale_axes": 0.1}
PRESET_VARIANTS = {
    "none": ("--augment", "{preset: none}"),
    "micro": ("--augment", "{preset: micro}"),
    "action": ("--augment", "{preset: action}"),
}
ALONE = {
    f"only {part}": ("--augment", f"{{preset: none, {part}: {_STRENGTHS[part]}}}") for part in PARTS
}
WITHOUT = {
    f"micro without {part}": ("--augment", f"{{preset: micro, {part}: 0}}")
    for part in PRESETS["micro"]
}
VARIANTS = PRESET_VARIANTS | ALONE | WITHOUT
REFERENCES = dict.fromkeys(("micro", "action", *ALONE), "none") | dict.fromkeys(WITHOUT, "micro")


def trials(sets: dict[str, int], backbones: list[str], seeds: int, parts: bool) -> list[Trial]:
    """The presets; with `parts`, each augmentation alone and left out as well."""
    return [
        Trial(name, backbone, variant, seed, epochs, VARIANTS[variant])
        for seed in range(seeds)
        for name, epochs in sets.items()
        for backbone in backbones
        for variant in VARIANTS
        if parts or variant in PRESET_VARIANTS
    ]


if __name__ == "__main__":
    raise SystemExit(main(__doc__, "augmentation", trials, REFERENCES))
