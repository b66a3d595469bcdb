"""What the readers of formats share: first looks, checks, tables, pickles that run nothing."""
