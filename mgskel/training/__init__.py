"""Scores become a trained recognizer: training, pretraining, evaluation, run folders."""

import warnings

# Lightning pulls in torchvision, whose picture reader (not used here) loads on few builds.
warnings.filterwarnings("ignore", "Failed to load image Python extension", UserWarning)
