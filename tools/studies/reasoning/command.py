"""The command line of the study, behind `tools/study_reasoning.py`."""

from __future__ import annotations

import argparse
import shlex
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from mgskel.core.errors import InputError, MgskelError
from mgskel.core.machine.progress import Progress
from mgskel.core.storage.files import file_hash, json_hash
from mgskel.reason.assess import ModelOptions, model_reasoner
from mgskel.reason.assessment import SCHEMA_VERSION
from mgskel.reason.priors import PRIORS_FILE
from mgskel.reason.prompt import (
    PROMPTS_FILE,
    ChatSettings,
    estimated_tokens,
    first_request,
    fitted,
    wordings,
)
from mgskel.reason.rules import RulesReasoner
from studies.reasoning.conditions import CONDITIONS, Condition, condition
from studies.reasoning.examples import Example, about_examples, load_examples
from studies.reasoning.results import evaluate, write_results
from studies.reasoning.runner import Asked, Journal, Row, StudyPlan, Task, open_tasks, run_study

SCENES = Path("configs/scenes")
_LARGE = 200


def main(argv: Sequence[str] | None = None) -> int:
    arguments = list(sys.argv[1:] if argv is None else argv)
    parser = _parser()
    try:
        return _run(parser.parse_args(arguments), arguments)
    except MgskelError as error:
        print(f"study_reasoning: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print(
            "study_reasoning: interrupted; answers so far are kept, run it again to go on",
            file=sys.stderr,
        )
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="study_reasoning.py",
        description="Judge the same scenes with and without gestures, and with a placebo.",
    )
    add = parser.add_argument
    add("--scenes", type=Path, nargs="+", default=[SCENES], help="scene files or folders")
    add("--act", type=int, metavar="SEED", help="measure statements on synthetic motion instead")
    add("--imigue", type=Path, metavar="FOLDER", help="iMiGUE recordings instead of scenes")
    add("--imigue-labels", type=Path, metavar="CSV", help="video,label with win or lose")
    add("--smg", type=Path, metavar="FOLDER", help="SMG recordings instead of scenes")
    add("--stressed-code", choices=("0", "1"), help="which of SMG's emotion codes is stressed")
    add("--fps", type=float, default=None, help="frame rate of SMG recordings (default: their own)")
    add("-o", "--out", type=Path, default=Path("runs/study_reasoning"), help="results folder")
    add("--page", type=Path, help="also write the page here (docs/results/reasoning.md)")
    add("--conditions", nargs="+", default=[shown.name for shown in CONDITIONS])
    add("--no-rules", action="store_true", help="leave the rules reasoner out")
    add("--repeats", type=int, default=3, help="draws of the placebos")
    add("--llm-url", help="OpenAI-compatible server")
    add("--llm-model", nargs="+", default=[], help="one or more models on it")
    add("--llm-key-env", metavar="NAME", help="environment variable with the API key")
    add("--prompts", nargs="+", default=list(wordings()), help="wordings of the prompt")
    add("--replay", type=Path, help="answer from recorded replies only")
    add("--timeout", type=float, default=120.0, metavar="SECONDS")
    add("--retries", type=int, default=3)
    add("--max-tokens", type=int, default=2000)
    add("--concurrency", type=int, default=4, help="questions asked at the same time")
    add("--price-in", type=float, default=0.0, help="price per million prompt tokens")
    add("--price-out", type=float, default=0.0, help="price per million reply tokens")
    add("--yes", action="store_true", help="start a large or paid study without asking")
    add("--dry-run", action="store_true", help="show what would be asked and its cost; ask nothing")
    return parser


def _run(args: argparse.Namespace, arguments: Sequence[str]) -> int:
    if args.repeats < 1 or args.concurrency < 1:
        raise InputError("--repeats and --concurrency are at least 1")
    material = _material(args)
    plan = StudyPlan(material.examples, material.conditions, _reasoners(args), args.repeats)
    journal = Journal(args.out / "answers.jsonl")
    todo = open_tasks(plan, journal.read())
    estimate = Estimate.of(todo, args.max_tokens)
    total = sum(1 for _ in plan.tasks())
    print(
        f"{total} questions, {total - len(todo)} answered already. {estimate.line(args)}",
        file=sys.stderr,
    )
    if args.dry_run:
        return 0
    _confirm(estimate, args)
    with Progress(len(todo), "asking", "questions") as progress:

        def count(row: Row) -> None:
            progress.advance()
            if row.status == "failed":
                print(f"{row.scene}, {row.condition}: {row.reason}", file=sys.stderr)

        rows = run_study(plan, journal, args.concurrency, count)
    command = " ".join(["python tools/study_reasoning.py", *map(shlex.quote, _public(arguments))])
    result = replace(evaluate(plan, rows, material.train), note=material.note, title=material.title)
    write_results(result, args.out, args.page, command)
    failed = sum(row.status == "failed" for row in rows)
    print(f"written to {args.page or args.out / 'results.md'}", file=sys.stderr)
    if failed:
        print(f"{failed} questions failed; run the same command to ask them again", file=sys.stderr)
        return 1
    return 0


@dataclass(frozen=True)
class Material:
    """What a study asks about.

    Attributes:
        train: labels of the training part, where a data set has one.
        note, title: where the evidence comes from, for the page.
    """

    examples: tuple[Example, ...]
    conditions: tuple[Condition, ...]
    train: tuple[str, ...] = ()
    note: str = ""
    title: str = "Do gestures help the reasoner?"


def _material(args: argparse.Namespace) -> Material:
    shown = tuple(map(condition, args.conditions))
    if args.imigue or args.smg:
        return _data_set(args, shown)
    examples = load_examples(args.scenes)
    about = about_examples(args.scenes)
    if args.act is not None:
        return _acted(examples, args.act, shown, about)
    by_hand = "Scenes, gestures, the recogniser's output and the statements were written by hand."
    return Material(examples, shown, note=f"{by_hand} {about}".strip())


def _data_set(args: argparse.Namespace, shown: tuple[Condition, ...]) -> Material:
    from studies.reasoning.emotion_sets import load_imigue_emotion, load_smg_emotion

    if args.imigue:
        name, split = "iMiGUE", load_imigue_emotion(args.imigue, args.imigue_labels)
    else:
        name, split = "SMG", load_smg_emotion(args.smg, args.stressed_code, args.fps)
    note = f"Recordings of {name}, official test part, with the annotated gestures."
    if split.missing:
        note += (
            f" {len(split.missing)} recordings of the official split are missing, so that the "
            "result is not comparable with published ones."
        )
        print(f"{note} Missing: {', '.join(split.missing[:10])} ...", file=sys.stderr)
    # The data sets come with annotated gestures only.
    possible = tuple(one for one in shown if not one.descriptions and one.gestures != "recognised")
    train = tuple(one.reference.emotion for one in split.train)
    return Material(split.test, possible, train, note)


def _acted(
    examples: Sequence[Example], seed: int, shown: tuple[Condition, ...], about: str
) -> Material:
    from studies.reasoning.acting import act_example

    acted = [act_example(example, seed + number) for number, example in enumerate(examples)]
    left_out = [f"{one.example.name}: {label}" for one in acted for label in one.left_out]
    note = (
        "The statements were measured: a synthetic person performed the annotated gestures "
        "before a synthetic camera with an estimator's errors, and the result was described. "
        "Scenes, gestures and the recogniser's output were written by hand. Not performed, for "
        f"want of a program or because the body part was busy: {', '.join(left_out) or 'nothing'}. "
        f"{about}"
    ).strip()
    title = "Do gestures help the reasoner? With measured statements"
    return Material(tuple(one.example for one in acted), shown, note=note, title=title)


def _reasoners(args: argparse.Namespace) -> tuple[Asked, ...]:
    found = []
    if not args.no_rules:
        found.append(Asked(RulesReasoner(), settings={"priors": file_hash(PRIORS_FILE)}))
    if args.llm_model and not (args.llm_url or args.replay):
        raise InputError("where is the model?", remedy="add --llm-url, or --replay FOLDER")
    if (args.llm_url or args.replay) and not args.llm_model:
        raise InputError("which model is to be asked?", remedy="add --llm-model NAME")
    for model in args.llm_model:
        for wording in args.prompts:
            options = ModelOptions(
                url=args.llm_url,
                model=model,
                key_variable=args.llm_key_env,
                wording=wording,
                timeout_s=args.timeout,
                retries=args.retries,
                max_tokens=args.max_tokens,
                cache=args.out / "replies",
                replay=args.replay,
            )
            settings = {
                **asdict(options.settings()),
                "prompts": file_hash(PROMPTS_FILE),
                "schema": SCHEMA_VERSION,
            }
            found.append(Asked(model_reasoner(options), wording, {"hash": json_hash(settings)}))
    if not found:
        raise InputError("nobody is asked", remedy="leave out --no-rules, or add a model")
    return tuple(found)


@dataclass(frozen=True)
class Estimate:
    """What the open questions would send, at least, and be answered, at most."""

    requests: int = 0
    prompt_tokens: int = 0
    reply_tokens: int = 0

    @classmethod
    def of(cls, tasks: Sequence[Task], max_tokens: int) -> Estimate:
        found = cls()
        for task in tasks:
            settings = getattr(task.asked.reasoner, "settings", None)
            if not isinstance(settings, ChatSettings):
                continue
            request = first_request(fitted(task.shown().case, settings), settings)
            found = replace(
                found,
                requests=found.requests + 1,
                prompt_tokens=found.prompt_tokens + estimated_tokens(request),
                reply_tokens=found.reply_tokens + max_tokens,
            )
        return found

    def cost(self, args: argparse.Namespace) -> float:
        return (self.prompt_tokens * args.price_in + self.reply_tokens * args.price_out) / 1_000_000

    def line(self, args: argparse.Namespace) -> str:
        if not self.requests:
            return "No language model is asked."
        price = f", costs at most about {self.cost(args):.2f}" if self.cost(args) else ""
        return (
            f"{self.requests} requests to a language model send about {self.prompt_tokens:,} "
            f"tokens and are answered with at most {self.reply_tokens:,}{price}; "
            "a repair round about doubles a question."
        )


def _confirm(estimate: Estimate, args: argparse.Namespace) -> None:
    """A large or paid study starts only when somebody has seen its size."""
    paid = estimate.cost(args) > 0
    if args.yes or args.replay or not (estimate.requests > _LARGE or paid):
        return
    if sys.stdin.isatty():
        if input("Start? [y/N] ").strip().lower() in ("y", "yes"):
            return
        raise InputError("not started")
    raise InputError(
        "this study is large or costs money, and nobody can be asked here",
        remedy="look at the numbers above, then add --yes",
    )


def _public(arguments: Sequence[str]) -> list[str]:
    """Arguments as they may stand in a published page: no absolute paths, no server."""
    found, hide = [], False
    for argument in arguments:
        if hide:
            argument, hide = "URL", False
        elif argument.startswith("--llm-url="):
            argument = "--llm-url=URL"
        elif argument.startswith("/"):
            argument = Path(argument).name
        hide = argument == "--llm-url"
        found.append(argument)
    return found
