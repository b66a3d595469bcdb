"""Files of annotation programs go in; gesture events come out, and back.

A format is one file of this package, registered as `mgskel.core.events.EventFormat`.
"""
