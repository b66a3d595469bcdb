#!/bin/sh
# Create a virtual environment and install the pinned set into it, in the order that works.
# usage: requirements/install.sh VENV [PYTHON]       (run from the top of the checkout)
set -eu
venv=$1
wanted=${2:-}

say() { printf 'mgskel: %s\n' "$*" >&2; }

is_311() {
    "$1" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' >/dev/null 2>&1
}

find_python() {
    for candidate in ${wanted:-python3.11 python3 python}; do
        if is_311 "$candidate"; then
            echo "$candidate"
            return 0
        fi
    done
    return 1
}

if ! is_311 "$venv/bin/python"; then
    if ! python=$(find_python); then
        say "the full set needs Python 3.11, and ${wanted:-neither python3.11 nor python3} is not one."
        say "  remedy: install it (Debian 12: apt-get install python3 python3-venv python3-dev;"
        say "          Ubuntu 22.04: apt-get install python3.11-venv python3.11-dev) or name one:"
        say "          make PYTHON=/path/to/python3.11 ..."
        say "  the core alone also runs on newer versions: python3 -m pip install ."
        exit 2
    fi
    say "creating $venv with $("$python" --version)"
    rm -rf "$venv"
    if ! "$python" -m venv "$venv"; then
        rm -rf "$venv"
        # Debian keeps venv in a package of its own; virtualenv from pip does the same job.
        if ! "$python" -m virtualenv --quiet "$venv" 2>/dev/null; then
            rm -rf "$venv"
            say "could not create a virtual environment."
            say "  remedy: apt-get install python3-venv, or $python -m pip install virtualenv"
            exit 2
        fi
    fi
fi

if ! command -v "${CC:-cc}" >/dev/null 2>&1; then
    say "no C compiler found; one small package (xtcocotools) is compiled here."
    say "  remedy: apt-get install build-essential python3-dev"
    exit 2
fi

# Twice quiet: errors only, for pip warns about every unusual index at length.
pip() {
    "$venv/bin/python" -m pip -qq --disable-pip-version-check --no-input "$@"
}

say "1/4 build tools"
pip install -r requirements/build-tools.txt
say "2/4 pinned packages (about 1.7 GB, some minutes the first time)"
pip install -r requirements/lock.txt
say "3/4 packages that are installed without their declared dependencies"
pip install --no-deps --no-build-isolation --use-pep517 -r requirements/no-deps.txt
say "4/4 mgskel itself"
pip install --no-deps --no-build-isolation --editable .
