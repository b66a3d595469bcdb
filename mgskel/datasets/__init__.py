"""Sequences in every format of the field, and on the way to training batches."""
