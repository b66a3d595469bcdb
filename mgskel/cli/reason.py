"""``mgskel reason STATEMENTS --scene SCENE -o assessment.json``: an assessment, with evidence."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from mgskel.cli.describe import NO_EVENTS, events_of
from mgskel.cli.shared.messages import note, tell
from mgskel.cli.shared.numbers import number, whole
from mgskel.cli.shared.recordings import TAKES, add_reading_options, places, read_recordings

if TYPE_CHECKING:
    from mgskel.core.recording import Recording
    from mgskel.reason.assess import ModelOptions
    from mgskel.reason.assessment import Outcome, Reasoner
    from mgskel.reason.evidence import Case
    from mgskel.reason.scene import Scene

HELP = (
    "Judge a scene from measured statements. Without --llm-url or --llm-file the transparent "
    "'rules' reasoner judges, which needs no model and no network."
)
EXAMPLES = (
    "statements.json --scene scene.yaml -o assessment.json",
    "clip.mp4 --scene scene.yaml --llm-url http://localhost:8000/v1 --llm-model qwen2.5",
)
JSON = "the outcome"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("source", metavar="STATEMENTS", help="statements.json from 'mgskel describe', what 'mgskel "
        f"analyze' wrote, or {TAKES}")  # fmt: skip
    add("--scene", type=Path, help="scene file (YAML; default: nothing is known)")
    add("--events", help="recognised gestures (CSV, ELAN or JSON), or 'none'")
    add("--person", help="who is judged, where there are several people")
    add("-o", "--out", type=Path, help="where to write the assessment (JSON)")
    add = parser.add_argument_group("language model").add_argument
    add("--llm-url", help="OpenAI-compatible server, e.g. http://localhost:8000/v1")
    add("--llm-model", help="the model's name on that server")
    add("--llm-file", type=Path, help="a local GGUF file instead of a server")
    add("--llm-key-env", metavar="NAME", help="environment variable with the API key (default "
        "MGSKEL_LLM_KEY; OPENAI_API_KEY is used for api.openai.com only)")  # fmt: skip
    add("--prompt", default="plain", help="which wording of the prompt to use")
    add("--timeout", type=number(0.1, 1e5), default=120.0, metavar="SECONDS")
    add("--retries", type=whole(0, 100), default=3, help="after a failed request")
    add("--max-tokens", type=whole(1, 10**6), default=2000, help="longest reply")
    add("--seed", type=whole(0, 2**63 - 1), default=0)
    add("--cache", type=Path, help="folder that keeps replies (default: none)")
    add("--replay", type=Path, help="answer from this cache only, ask nobody")
    add("--uncited", choices=("refuse", "show"), default="refuse", help="what to do with "
        "judgements and sentences that cite no evidence")  # fmt: skip
    add("--dry-run", action="store_true", help="print what would be sent, and send nothing")
    add_reading_options(parser)


def run(args: argparse.Namespace) -> int:
    from mgskel.core.storage.files import to_json
    from mgskel.reason.scene import Scene, load_scene

    # Whether the scene can be judged is found before anything is measured.
    scene = load_scene(args.scene) if args.scene is not None else Scene(setting="not described")
    reasoner = None if args.dry_run else _reasoner(args, scene)
    cases = _cases(args, scene)
    if reasoner is None:
        for case in cases.values():
            _dry_run(args, case)
        return 0
    if args.llm_url is not None:
        tell(f"asking {reasoner.name} (up to {args.timeout:g} s a request)")
    outcomes = {}
    for (name, case), out in zip(cases.items(), places(args.out, cases, ".json"), strict=True):
        outcomes[name] = outcome = reasoner.judge(case)
        if out is not None:
            outcome.save(out)
        tell(f"{outcome.status} ({outcome.reasoner}): {outcome.reason}")
        if not args.json:
            _print(outcome, name if len(cases) > 1 else "")
        if out is not None:
            tell(f"written to {out}")
    if args.json:
        answers = {name: outcome.to_dict() for name, outcome in outcomes.items()}
        single = next(iter(answers.values()))
        print(to_json(single if len(answers) == 1 else {"recordings": answers}), end="")
    return max(outcome.exit_code for outcome in outcomes.values())


def _cases(args: argparse.Namespace, scene: Scene) -> dict[str, Case]:
    """What is to be judged, by the name of its recording; what is missing is measured first."""
    from mgskel.core.events import read_events
    from mgskel.formats import Source, is_recording
    from mgskel.reason.evidence import case_of, read_statements

    source = Path(args.source)
    within = source / "statements.json"
    file = within if within.is_file() else source
    told = file.is_file() and b'"statements"' in Source(file).head
    if told or (file.suffix == ".json" and not is_recording(file)):
        statements = read_statements(file)
        given = args.events not in (None, NO_EVENTS)
        return {file.stem: case_of(scene, statements, read_events(args.events) if given else (),
                                   args.person)}  # fmt: skip
    return {one.name: _measured(one, scene, args) for one in read_recordings(args.source, args)}


def _measured(recording: Recording, scene: Scene, args: argparse.Namespace) -> Case:
    from mgskel.describe import describe
    from mgskel.reason.evidence import case_of, statements_from

    people = recording.sequence.people
    if len(people) > 1:
        note(f"person {people[0]} is judged; --person names another of {', '.join(people)}")
    events = events_of(recording, args.source, args.events)
    description = describe(recording.sequence, events)
    tell(f"{recording.name}: {len(description.statements)} statements measured")
    judged = people[0] if len(people) > 1 else None
    return case_of(scene, statements_from(description.to_dict()), person=judged)


def _reasoner(args: argparse.Namespace, scene: Scene) -> Reasoner:
    from mgskel.reason.rules import RulesReasoner

    if args.llm_url is None and args.llm_file is None and args.replay is None:
        return RulesReasoner.of(scene)
    from mgskel.reason.assess import model_reasoner

    return model_reasoner(_options(args))


def _options(args: argparse.Namespace) -> ModelOptions:
    from mgskel.reason.assess import ModelOptions

    return ModelOptions(
        url=args.llm_url,
        model=args.llm_model,
        file=args.llm_file,
        key_variable=args.llm_key_env,
        wording=args.prompt,
        timeout_s=args.timeout,
        retries=args.retries,
        max_tokens=args.max_tokens,
        seed=args.seed,
        cache=args.cache,
        replay=args.replay,
        uncited=args.uncited,
    )


def _dry_run(args: argparse.Namespace, case: Case) -> None:
    from mgskel.core.storage.files import to_json
    from mgskel.reason.prompt import estimated_tokens, first_request

    options = _options(args)
    request = first_request(case, options.settings())
    print(to_json(request.payload()), end="")
    tell(
        f"about {estimated_tokens(request)} tokens would be sent to "
        f"{options.destination()}; nothing was sent"
    )


def _print(outcome: Outcome, name: str) -> None:
    if name:
        print(f"# {name}\n")
    if outcome.assessment is not None:
        print(outcome.assessment.text or "no judgement")
        print("\n".join(f"- {limit}" for limit in outcome.assessment.limits))
