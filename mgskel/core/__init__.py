"""What passes between rooms: skeletons, gestures, recordings, events, and the files they lie in."""
