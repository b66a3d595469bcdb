"""Does balanced fusion earn its place? Backbones x sets x seeds, on and off, and its parts.

    python tools/study_fusion.py --set natops=FILE --set utd_mhad=FILE --seeds 3

One row per finished training goes to docs/results/fusion.csv; a rerun does what is missing.
The table and the plot beside it are made from all rows.
"""

from __future__ import annotations

from studies.recognition.study import Trial
from studies.recognition.study_command import main

VARIANTS = {
    "off": ("--model.fusion", "off"),
    "on": ("--model.fusion", "on"),
    "no spread": ("--model.leave_out", "spread"),
    "no balance": ("--model.leave_out", "balance"),
    "joint gate only": ("--model.leave_out", "time_gate,balance"),
    "time gate only": ("--model.leave_out", "joint_gate,balance"),
    "no balance loss": ("--loss.fusion_balance", "0"),
}


def trials(sets: dict[str, int], backbones: list[str], seeds: int, parts: bool) -> list[Trial]:
    """On and off everywhere; with `parts`, the ablation on the first backbone."""
    return [
        Trial(name, backbone, variant, seed, epochs, VARIANTS[variant])
        for seed in range(seeds)
        for name, epochs in sets.items()
        for backbone in backbones
        for variant in VARIANTS
        if variant in ("on", "off") or (parts and backbone == backbones[0])
    ]


REFERENCES = {v: "on" for v in VARIANTS if v not in ("on", "off")} | {"on": "off"}

REMARK = "What it costs in parameters, training and latency: [speed](speed.md)."

if __name__ == "__main__":
    raise SystemExit(main(__doc__, "fusion", trials, REFERENCES, REMARK))
