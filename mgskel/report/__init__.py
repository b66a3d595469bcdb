"""Report: everything becomes something to look at."""
