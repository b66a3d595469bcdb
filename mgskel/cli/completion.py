"""``mgskel completion SHELL``: a script by which the shell completes commands and options."""

from __future__ import annotations

import argparse

HELP = "Print what makes the shell complete commands and options when Tab is pressed."
EXAMPLES = (
    'bash > ~/.mgskel-completion && echo ". ~/.mgskel-completion" >> ~/.bashrc',
    "fish > ~/.config/fish/completions/mgskel.fish",
)
_BASH = """_mgskel() {{
  local here="${{COMP_WORDS[COMP_CWORD]}}" known=""
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W "{verbs}" -- "$here"))
    return
  fi
  case "${{COMP_WORDS[1]}}" in
{cases}
  esac
  case "$here" in
    -*) COMPREPLY=($(compgen -W "$known" -- "$here")) ;;
    *) COMPREPLY=($(compgen -f -- "$here")) ;;
  esac
}}
complete -o filenames -F _mgskel mgskel
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("shell", choices=("bash", "zsh", "fish"), help="which shell")


def run(args: argparse.Namespace) -> int:
    from mgskel.cli import VERBS

    options = {verb: _options(verb) for verb in VERBS}
    if args.shell == "fish":
        print("complete -c mgskel -n __fish_use_subcommand -f -a '" + " ".join(VERBS) + "'")
        for verb, names in options.items():
            for name in names:
                flag = f"-l {name[2:]}" if name.startswith("--") else f"-s {name[1:]}"
                print(f"complete -c mgskel -n '__fish_seen_subcommand_from {verb}' {flag}")
        return 0
    if args.shell == "zsh":
        # A zsh without settings knows no completions yet.
        print("whence compdef > /dev/null || { autoload -Uz compinit && compinit }")
        print("autoload -U +X bashcompinit && bashcompinit")
    cases = "\n".join(f'    {verb}) known="{" ".join(o)}" ;;' for verb, o in options.items())
    print(_BASH.format(verbs=" ".join(VERBS), cases=cases), end="")
    return 0


def _options(verb: str) -> list[str]:
    from mgskel.cli import verb_parser

    return [name for action in verb_parser(verb)[1]._actions for name in action.option_strings]
