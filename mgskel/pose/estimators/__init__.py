"""One file an estimator: pictures go in, people with keypoints come out.

A file here that registers an estimator is found by itself; see `mgskel.pose.estimator`.
"""
