"""The machine and whoever waits before it: threads, optional parts, how far the work is."""
