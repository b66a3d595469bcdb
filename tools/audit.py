"""What is installed, and whether a pin is older than a known fix.

``python tools/audit.py`` compares the pinned lists with `pip-audit`'s data where that can be asked,
and with ``tools/known_fixes.txt`` anyhow; ``--sbom FILE`` writes a CycloneDX bill of materials of
the pinned packages.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from packaging.version import Version

from mgskel import __version__
from mgskel.core.storage.files import write_json

ROOT = Path(__file__).parents[1]
LISTS = ("build-tools", "lock", "no-deps", "docs", "extras")


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sbom", type=Path, metavar="FILE", help="write a bill of materials")
    parser.add_argument("--offline", action="store_true", help="ask nobody")
    args = parser.parse_args(argv)
    found = pins()
    if args.sbom is not None:
        write_json(args.sbom, bill_of_materials(found))
        print(f"{args.sbom}: {len(found)} packages")
        return 0
    old = older_than_fixes(found)
    for line in old:
        print(line)
    print(f"{len(found)} pins, {len(old)} older than a known fix of {FIXES.name}")
    print(FIXES.read_text("utf-8").partition(".")[0].lstrip("# ").replace("\n# ", " "))
    asked = None if args.offline else ask_pip_audit()
    if asked is None:
        print("pip-audit was not asked (not installed, or its data cannot be reached)")
    return int(bool(old) or bool(asked))


FIXES = Path(__file__).with_name("known_fixes.txt")


def pins(root: Path = ROOT) -> dict[str, str]:
    """Package and version of every pinned list."""
    found = {}
    for name in LISTS:
        for line in (root / "requirements" / f"{name}.txt").read_text("utf-8").splitlines():
            package, equals, version = line.split("#")[0].strip().partition("==")
            if equals:
                found[_plain(package)] = version
    return dict(sorted(found.items()))


def older_than_fixes(found: dict[str, str], fixes: Path = FIXES) -> list[str]:
    """Pins below the version in which a known fault was mended."""
    old = []
    for line in fixes.read_text("utf-8").splitlines():
        words = line.split("#")[0].split()
        if len(words) == 3 and (version := found.get(_plain(words[0]))):
            if Version(version) < Version(words[1]):
                old.append(f"{words[0]} {version} is older than {words[1]}, which mends {words[2]}")
    return old


def ask_pip_audit() -> int | None:
    """The exit code of pip-audit; none where it cannot answer."""
    try:
        import pip_audit  # type: ignore[import-not-found] # noqa: F401
    except ImportError:
        return None
    words = [sys.executable, "-m", "pip_audit", "--progress-spinner", "off", "--no-deps"]
    lists = [("-r", str(ROOT / "requirements" / f"{name}.txt")) for name in LISTS]
    done = subprocess.run(
        [*words, *(word for pair in lists for word in pair)], capture_output=True, text=True
    )
    print(done.stdout, end="")
    return done.returncode if "Name" in done.stdout or "No known" in done.stderr else None


def bill_of_materials(found: dict[str, str]) -> dict[str, Any]:
    """CycloneDX 1.5 of the pinned packages; equal pins give an equal bill."""
    name = json.dumps(found)
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, name)}",
        "version": 1,
        "metadata": {
            "component": {"type": "application", "name": "mgskel", "version": __version__}
        },
        "components": [
            {
                "type": "library",
                "bom-ref": f"pkg:pypi/{package}@{version}",
                "name": package,
                "version": version,
                "purl": f"pkg:pypi/{package}@{version}",
            }
            for package, version in found.items()
        ],
    }


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


if __name__ == "__main__":
    raise SystemExit(main())
