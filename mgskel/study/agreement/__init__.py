"""Marks of several coders go in; how well they agree comes out."""
