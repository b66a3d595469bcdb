"""What works on this machine, and the command that brings what doesn't."""

from mgskel.doctor.browser import find_browser
from mgskel.doctor.checks import Check, as_json, as_text, examine

__all__ = ["Check", "as_json", "as_text", "examine", "find_browser"]
