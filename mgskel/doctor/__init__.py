"""This machine goes in; what works on it comes out, and the command that brings what doesn't."""

from mgskel.doctor.checks import Check, as_json, as_text, examine
from mgskel.doctor.trials import BROWSER_FLAGS, find_browser

__all__ = ["BROWSER_FLAGS", "Check", "as_json", "as_text", "examine", "find_browser"]
