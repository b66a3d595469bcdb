"""Running a study: every question once, results kept as they come, resumed where it stopped."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from mgskel.core.errors import InputError
from mgskel.core.storage.files import json_hash
from mgskel.reason.assessment import Outcome, Reasoner
from studies.reasoning.conditions import Condition, ShownCase, build_case, derangement
from studies.reasoning.examples import Example


@dataclass(frozen=True)
class Asked:
    """A reasoner of a study, under one wording of the prompt."""

    reasoner: Reasoner
    wording: str = "-"
    settings: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.reasoner.name


@dataclass(frozen=True)
class StudyPlan:
    """Scenes x conditions x reasoners; placebos once per repeat with other donors."""

    examples: tuple[Example, ...]
    conditions: tuple[Condition, ...]
    reasoners: tuple[Asked, ...]
    repeats: int = 3

    def tasks(self) -> Iterator[Task]:
        fingerprints = {example.name: example.fingerprint for example in self.examples}
        for shown in self.conditions:
            for repeat in range(self.repeats if shown.shuffled else 1):
                donors = derangement(self.examples, repeat) if shown.shuffled else None
                for asked in self.reasoners:
                    for example in self.examples:
                        donor = donors[example.name] if donors else None
                        yield Task(
                            example,
                            shown,
                            asked,
                            repeat,
                            donor,
                            json_hash(
                                {
                                    "scene": fingerprints[example.name],
                                    "donor": fingerprints[donor.name] if donor else None,
                                    "condition": asdict(shown),
                                    "reasoner": asked.name,
                                    "wording": asked.wording,
                                    "settings": dict(asked.settings),
                                }
                            ),
                        )


@dataclass(frozen=True)
class Task:
    """One question of a study."""

    example: Example
    condition: Condition
    asked: Asked
    repeat: int
    donor: Example | None
    key: str

    def shown(self) -> ShownCase:
        donors = {self.example.name: self.donor} if self.donor else None
        return build_case(self.example, self.condition, donors)


@dataclass(frozen=True)
class Row:
    """One question's result, flat enough for a table.

    Attributes:
        cited: per emotion, reference names of the evidence cited for it; "" stands for
            evidence that the reference does not know.
        shown: reference names of all evidence that was shown.
    """

    key: str
    scene: str
    condition: str
    reasoner: str
    wording: str
    repeat: int
    status: str
    reason: str
    judgement: str | None = None
    abstain: bool = False
    probabilities: Mapping[str, float] = field(default_factory=dict)
    valence: float | None = None
    arousal: float | None = None
    stress: float | None = None
    confidence: float | None = None
    cited: Mapping[str, Sequence[str]] = field(default_factory=dict)
    shown: Sequence[str] = ()
    alternatives: Sequence[str] = ()
    prompt_tokens: int = 0
    completion_tokens: int = 0
    seconds: float = 0.0


def row_of(task: Task, shown: ShownCase, outcome: Outcome, seconds: float) -> Row:
    """Flatten an outcome, naming evidence as the reference does."""
    rounds = outcome.details.get("rounds", [])
    row = Row(
        key=task.key,
        scene=task.example.name,
        condition=task.condition.name,
        reasoner=task.asked.name,
        wording=task.asked.wording,
        repeat=task.repeat,
        status=outcome.status,
        reason=outcome.reason[:500],
        shown=sorted(set(shown.reference_ids.values())),
        prompt_tokens=sum(one.get("prompt_tokens") or 0 for one in rounds),
        completion_tokens=sum(one.get("completion_tokens") or 0 for one in rounds),
        seconds=round(seconds, 3),
    )
    assessment = outcome.assessment
    if assessment is None:
        return row
    return replace(
        row,
        judgement=assessment.judgement,
        abstain=assessment.abstain,
        probabilities={h.emotion: h.probability for h in assessment.hypotheses},
        valence=assessment.valence.value,
        arousal=assessment.arousal.value,
        stress=assessment.stress.value,
        confidence=assessment.confidence,
        cited={
            h.emotion: [shown.reference_ids.get(one, "") for one in h.evidence_for]
            for h in assessment.hypotheses
        },
        alternatives=[e.explanation for e in assessment.alternative_explanations],
    )


class Journal:
    """Rows in a file of JSON lines, each written through to the disk before the next question.

    A line cut short by a crash is dropped when reading; a later row of the same key counts.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()

    def read(self) -> dict[str, Row]:
        rows: dict[str, Row] = {}
        if not self._path.exists():
            return rows
        for line in self._path.read_text(encoding="utf-8", errors="replace").splitlines():
            try:
                row = Row(**json.loads(line))
            except (ValueError, TypeError):
                continue
            rows[row.key] = row
        return rows

    def append(self, row: Row) -> None:
        line = json.dumps(asdict(row), ensure_ascii=False, allow_nan=False)
        with self._lock:
            try:
                self._path.parent.mkdir(parents=True, exist_ok=True)
                # A line that was cut short must not swallow the next one.
                lead = "" if self._ends_well() else "\n"
                with open(self._path, "a", encoding="utf-8") as file:
                    file.write(f"{lead}{line}\n")
                    file.flush()
                    os.fsync(file.fileno())
            except OSError as error:
                raise InputError(f"cannot write {self._path}: {error.strerror}") from error

    def _ends_well(self) -> bool:
        if not self._path.exists() or self._path.stat().st_size == 0:
            return True
        with open(self._path, "rb") as file:
            file.seek(-1, os.SEEK_END)
            return file.read(1) == b"\n"


def open_tasks(plan: StudyPlan, rows: Mapping[str, Row]) -> list[Task]:
    """Questions without a result; what failed is asked again, what was invalid is not."""
    return [
        task for task in plan.tasks() if task.key not in rows or rows[task.key].status == "failed"
    ]


def run_study(
    plan: StudyPlan,
    journal: Journal,
    concurrency: int = 1,
    on_row: Callable[[Row], None] = lambda row: None,
) -> list[Row]:
    """Ask every open question and return the rows of the whole plan.

    A question that fails is recorded and does not stop the others; an interruption loses at
    most the questions in flight.
    """
    rows = journal.read()

    def ask(task: Task) -> Row:
        shown = task.shown()
        started = time.monotonic()
        outcome = task.asked.reasoner.judge(shown.case)
        row = row_of(task, shown, outcome, time.monotonic() - started)
        journal.append(row)
        return row

    pending = open_tasks(plan, rows)
    with ThreadPoolExecutor(max(1, concurrency)) as pool:
        futures = [pool.submit(ask, task) for task in pending]
        try:
            for future in as_completed(futures):
                row = future.result()
                rows[row.key] = row
                on_row(row)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return [rows[task.key] for task in plan.tasks()]
