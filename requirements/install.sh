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

has_headers() {
    "$1" -c 'import os, sys, sysconfig
sys.exit(not os.path.exists(os.path.join(sysconfig.get_path("include"), "Python.h")))'
}

find_python() {
    for candidate in ${wanted:-"$venv/bin/python" python3.11 python3 python}; do
        if is_311 "$candidate"; then
            echo "$candidate"
            return 0
        fi
    done
    return 1
}

# Debian keeps venv in a package of its own; virtualenv, fetched aside by pip, does the same job.
create_venv() {
    rm -rf "$venv"
    "$1" -m venv "$venv" >/dev/null 2>&1 && return
    rm -rf "$venv"
    mkdir -p "$venv.tools"
    "$1" -m pip -qq --disable-pip-version-check install --target "$venv.tools" virtualenv &&
        PYTHONPATH="$venv.tools" "$1" -m virtualenv --quiet "$venv" &&
        rm -rf "$venv.tools" && return
    rm -rf "$venv" "$venv.tools"
    return 1
}

# Twice quiet: errors only, for pip warns about every unusual index at length.
pip() {
    "$venv/bin/python" -m pip -qq --disable-pip-version-check --no-input "$@"
}

if ! python=$(find_python); then
    say "the full set needs Python 3.11, and ${wanted:-neither python3.11 nor python3} is not one."
    say "  remedy: install it (Debian 12: apt-get install python3 python3-venv python3-dev;"
    say "          Ubuntu 22.04: apt-get install python3.11-venv python3.11-dev) or name one:"
    say "          make PYTHON=/path/to/python3.11 ..."
    say "  the core alone also runs on newer versions: python3 -m pip install ."
    exit 2
fi
if ! command -v "${CC:-cc}" >/dev/null 2>&1; then
    say "no C compiler (${CC:-cc}) found; one small package (xtcocotools) is compiled here."
    say "  remedy: apt-get install build-essential"
    exit 2
fi
if ! has_headers "$python"; then
    say "the headers of $("$python" --version) are missing; one small package is compiled here."
    say "  remedy: apt-get install python3-dev"
    exit 2
fi

if ! is_311 "$venv/bin/python"; then
    say "creating $venv with $("$python" --version)"
    if ! create_venv "$python"; then
        say "could not create a virtual environment."
        say "  remedy: apt-get install python3-venv, or $python -m pip install virtualenv"
        exit 2
    fi
fi

say "1/4 build tools"
pip install -r requirements/build-tools.txt
say "2/4 pinned packages (about 2.4 GB on disk, some minutes the first time)"
pip install -r requirements/lock.txt
say "3/4 packages that are installed without their declared dependencies"
pip install --no-deps --no-build-isolation --use-pep517 -r requirements/no-deps.txt
say "4/4 mgskel itself"
pip install --no-deps --no-build-isolation --editable .
say "ready; for the command mgskel, type in each new shell: . $venv/bin/activate"
