"""Results of many clips, or several coders' marks, go in; tables and agreement come out."""
