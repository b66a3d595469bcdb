"""What a measurement was made on, in words that identify nobody."""

from __future__ import annotations

import platform

from mgskel.core.machine.threads import usable_cores


def describe_machine() -> dict[str, str | int]:
    """Processor, cores, Python and torch: what a time depends on."""
    import torch

    return {
        "processor": _processor(),
        "cores": usable_cores(),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else "none",
    }


def _processor() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as handle:
            for line in handle:
                if line.startswith("model name"):
                    return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()
