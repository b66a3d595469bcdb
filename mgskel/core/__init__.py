"""What passes between rooms: arrays and files go in, checked types come out.

Skeletons, pose sequences, recordings, gestures and events, and the files they lie in; the
registries by which parts are found; config, errors and whole files.
"""
