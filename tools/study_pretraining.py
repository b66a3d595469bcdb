"""What does pretraining without labels give, with few labels and with all?

    python tools/study_pretraining.py --set utd_mhad=FILE --seeds 3

Each seed pretrains once on the training part (no labels, nothing of the held-out part), then
trains with 10% and 100% of the labels, from scratch and from the pretrained network. One row per
finished training goes to docs/results/pretraining.csv; a rerun does what is missing.
"""

from __future__ import annotations

from studies.recognition.study import Trial
from studies.recognition.study_command import main

VARIANTS = {
    "10% scratch": ("--data.labels_share", "0.1"),
    "10% pretrained": ("--data.labels_share", "0.1", "--model.pretrained", "auto"),
    "100% scratch": (),
    "100% pretrained": ("--model.pretrained", "auto"),
}


def trials(sets: dict[str, int], backbones: list[str], seeds: int, parts: bool) -> list[Trial]:
    """Fewer labels get more epochs, so that both see as many batches."""
    return [
        Trial(name, backbone, variant, seed, epochs, VARIANTS[variant] + _repeat(variant))
        for seed in range(seeds)
        for name, epochs in sets.items()
        for backbone in backbones
        for variant in VARIANTS
    ]


def _repeat(variant: str) -> tuple[str, ...]:
    return ("--optim.repeat", "5") if variant.startswith("10%") else ()


if __name__ == "__main__":
    pairs = {"10% pretrained": "10% scratch", "100% pretrained": "100% scratch"}
    raise SystemExit(main(__doc__, "pretraining", trials, pairs))
