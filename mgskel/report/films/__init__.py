"""Frames and keypoints go in; films with skeletons and blurred faces come out."""
