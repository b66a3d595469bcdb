"""Invented studies with known differences between their groups: what `compare` makes of them."""
