"""Labelled recordings go in, training batches come out: loaded, split, normalised, augmented."""
