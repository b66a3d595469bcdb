"""Study: many clips and several coders become tables, comparisons and coefficients of agreement."""
