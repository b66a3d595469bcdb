"""Many clips go in; pose files come out, by several workers, resumable."""
