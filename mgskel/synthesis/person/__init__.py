"""A person in motion: proportions, posture, rest and what gestures do to the joints."""
