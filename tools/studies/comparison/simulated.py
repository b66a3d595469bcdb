"""Tables of invented studies: people differ from one another, gestures come by chance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Design:
    """An invented study.

    Attributes:
        people: participants a group; within, participants altogether.
        clips: recordings of each participant (within: in each condition).
        within: whether everybody is recorded in both conditions.
        ratio: true rate ratio of the gestures that the condition changes.
        gestures, changed: how many gestures there are, and how many the condition changes.
        per_minute: an average person's rate of each gesture.
        spread: standard deviation of people's log rates, for all gestures together and for each;
            and of a recording's.
        minutes: shortest and longest recording.
    """

    people: int = 20
    clips: int = 1
    within: bool = False
    ratio: float = 2.0
    gestures: int = 5
    changed: int = 1
    per_minute: float = 1.0
    spread: float = 0.5
    minutes: tuple[float, float] = (4.0, 10.0)


def invented_summary(design: Design, seed: int) -> pd.DataFrame:
    """A `summary.csv` as data frame, with a column `condition` of 'a' and 'b'."""
    import pandas as pd

    rng = np.random.default_rng(seed)
    rows = []
    for index in range(design.people * (1 if design.within else 2)):
        person = rng.normal(0, design.spread)
        own = rng.normal(0, design.spread, design.gestures)
        conditions = ("a", "b") if design.within else ("ab"[index % 2],)
        for condition in conditions:
            for clip in range(design.clips):
                seconds = float(rng.uniform(*design.minutes)) * 60
                mood = rng.normal(0, design.spread / 2)
                for gesture in range(design.gestures):
                    effect = design.ratio if condition == "b" and gesture < design.changed else 1
                    rate = design.per_minute * np.exp(person + own[gesture] + mood) * effect
                    count = int(rng.poisson(rate * seconds / 60))
                    rows.append(
                        (f"p{index:02d}_{condition}{clip}", f"p{index:02d}", "1", f"g{gesture}",
                         count, seconds, "head" if gesture % 2 else "hand", condition)
                    )  # fmt: skip
    columns = ["clip", "participant", "person", "label", "count", "observable_s", "group",
               "condition"]  # fmt: skip
    return pd.DataFrame(rows, columns=columns)


def invented_movement(summary: pd.DataFrame, effect: float, seed: int) -> pd.DataFrame:
    """An `observable.csv` to go with it: how much people move, as log-normal speeds.

    Args:
        effect: how many standard deviations more they move in condition 'b'.
    """
    import pandas as pd

    rng = np.random.default_rng(seed)
    firsts = summary.drop_duplicates("clip")
    rows = []
    for _, row in firsts.iterrows():
        level = rng.normal(0, 1) + effect * (row["condition"] == "b")
        for part in ("head", "torso"):
            speed = float(np.exp(0.3 * (level + rng.normal(0, 0.3))) / 10)
            rows.append((row["clip"], row["participant"], "1", part, row["observable_s"],
                         row["observable_s"], 1.0, speed, row["condition"]))  # fmt: skip
    columns = ["clip", "participant", "person", "part", "observable_s", "recorded_s", "share",
               "movement", "condition"]  # fmt: skip
    return pd.DataFrame(rows, columns=columns)
