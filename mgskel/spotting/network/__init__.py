"""A recording goes in; what networks see of it at every moment, and what they answer, comes out."""
