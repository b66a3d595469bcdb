"""A Chromium on this machine: the report's tests drive one, and nothing else needs it."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")

# Headless, quiet, and with nothing fetched in the background.
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def find_browser() -> str | None:
    """The path of a Chromium or Chrome: MGSKEL_BROWSER if set, else the first one on PATH."""
    named = os.environ.get("MGSKEL_BROWSER")
    if named:
        return shutil.which(named)
    return next(filter(None, map(shutil.which, _NAMES)), None)


def try_browser() -> str:
    """Render a page; returns the browser's version."""
    path = find_browser()
    if path is None:
        raise FileNotFoundError("no Chromium or Chrome on PATH, nor named by MGSKEL_BROWSER")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        page = "data:text/html,<p id=mark>drawn</p>"
        command = [path, *FLAGS, f"--user-data-dir={profile}", "--dump-dom", page]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    if "drawn" not in done.stdout:
        raise RuntimeError(f"{path} starts but renders nothing")
    version = subprocess.run([path, "--version"], capture_output=True, text=True, check=False)
    return version.stdout.strip()
