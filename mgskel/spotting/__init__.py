"""Spotting: a long recording becomes gesture events."""
