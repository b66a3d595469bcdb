"""Does knowing the gestures help? The same scenes with and without them, and a placebo."""

from __future__ import annotations

from studies.reasoning.conditions import CONDITIONS, Condition
from studies.reasoning.examples import Example, Reference, load_examples
from studies.reasoning.runner import Row, StudyPlan, run_study

__all__ = [
    "CONDITIONS",
    "Condition",
    "Example",
    "Reference",
    "Row",
    "StudyPlan",
    "load_examples",
    "run_study",
]
