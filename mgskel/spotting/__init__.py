"""Spotting: a long recording becomes gesture events."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mgskel.spotting.online import OnlineSpotter
    from mgskel.spotting.spotter import Spotter, load_spotter, spot

__all__ = ["OnlineSpotter", "Spotter", "load_spotter", "spot"]


def __getattr__(name: str) -> Any:
    # Lazily: metrics and settings are read where no network is wanted.
    if name == "OnlineSpotter":
        from mgskel.spotting.online import OnlineSpotter

        return OnlineSpotter
    if name in __all__:
        from mgskel.spotting import spotter

        return getattr(spotter, name)
    raise AttributeError(f"module 'mgskel.spotting' has no attribute '{name}'")
