"""Does the reasoner profit from gestures? See docs/howto/llm-servers.md and --help."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from studies.reasoning.command import main

if __name__ == "__main__":
    sys.exit(main())
