"""``mgskel reason STATEMENTS --scene SCENE -o assessment.json``"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mgskel.reason.assess import ModelOptions
    from mgskel.reason.assessment import Outcome, Reasoner
    from mgskel.reason.evidence import Case

HELP = (
    "Judge a scene from measured statements. Without --llm-url or --llm-file the transparent "
    "'rules' reasoner judges, which needs no model and no network."
)
EXAMPLES = (
    "statements.json --scene configs/scenes/job_interview_gap.yaml -o assessment.json",
    "statements.json --scene scene.yaml --llm-url http://localhost:8000/v1 --llm-model qwen2.5",
)
JSON = "the outcome"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("statements", type=Path, help="statements.json from 'mgskel describe'")
    parser.add_argument("--scene", type=Path, required=True, help="scene file (YAML)")
    parser.add_argument("--events", type=Path, help="recognised gestures (CSV, ELAN or JSON)")
    parser.add_argument("--person", help="who is judged, where there are several people")
    parser.add_argument("-o", "--out", type=Path, help="where to write the assessment (JSON)")
    model = parser.add_argument_group("language model")
    model.add_argument("--llm-url", help="OpenAI-compatible server, e.g. http://localhost:8000/v1")
    model.add_argument("--llm-model", help="the model's name on that server")
    model.add_argument("--llm-file", type=Path, help="a local GGUF file instead of a server")
    model.add_argument(
        "--llm-key-env",
        metavar="NAME",
        help="environment variable with the API key (default MGSKEL_LLM_KEY; "
        "OPENAI_API_KEY is used for api.openai.com only)",
    )
    model.add_argument("--prompt", default="plain", help="which wording of the prompt to use")
    model.add_argument("--timeout", type=float, default=120.0, metavar="SECONDS")
    model.add_argument("--retries", type=int, default=3, help="after a failed request")
    model.add_argument("--max-tokens", type=int, default=2000, help="longest reply")
    model.add_argument("--seed", type=int, default=0)
    model.add_argument("--cache", type=Path, help="folder that keeps replies (default: none)")
    model.add_argument("--replay", type=Path, help="answer from this cache only, ask nobody")
    model.add_argument("--uncited", choices=("refuse", "show"), default="refuse",
        help="what to do with judgements and sentences that cite no evidence")  # fmt: skip
    model.add_argument(
        "--dry-run", action="store_true", help="print what would be sent, and send nothing"
    )


def run(args: argparse.Namespace) -> int:
    case = _case(args)
    if args.dry_run:
        return _dry_run(args, case)
    reasoner = _reasoner(args)
    if args.llm_url is not None:
        print(f"asking {reasoner.name} (up to {args.timeout:g} s a request)", file=sys.stderr)
    outcome = reasoner.judge(case)
    if args.out is not None:
        outcome.save(args.out)
    _report(args, outcome)
    return outcome.exit_code


def _case(args: argparse.Namespace) -> Case:
    from mgskel.core.events import read_events
    from mgskel.reason.evidence import case_of, read_statements
    from mgskel.reason.scene import load_scene

    scene = load_scene(args.scene)
    statements = read_statements(args.statements)
    events = read_events(args.events) if args.events is not None else ()
    return case_of(scene, statements, events, args.person)


def _reasoner(args: argparse.Namespace) -> Reasoner:
    from mgskel.reason.rules import RulesReasoner

    if args.llm_url is None and args.llm_file is None and args.replay is None:
        return RulesReasoner()
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


def _dry_run(args: argparse.Namespace, case: Case) -> int:
    from mgskel.core.files import to_json
    from mgskel.reason.prompt import estimated_tokens, first_request

    options = _options(args)
    request = first_request(case, options.settings())
    print(to_json(request.payload()), end="")
    print(
        f"about {estimated_tokens(request)} tokens would be sent to "
        f"{options.destination()}; nothing was sent",
        file=sys.stderr,
    )
    return 0


def _report(args: argparse.Namespace, outcome: Outcome) -> None:
    from mgskel.core.files import to_json

    if args.json:
        print(to_json(outcome.to_dict()), end="")
        return
    print(f"{outcome.status} ({outcome.reasoner}): {outcome.reason}", file=sys.stderr)
    if outcome.assessment is not None:
        print(outcome.assessment.text or "no judgement")
        print("\n".join(f"- {limit}" for limit in outcome.assessment.limits))
    if args.out is not None:
        print(f"written to {args.out}", file=sys.stderr)
