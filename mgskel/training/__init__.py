"""Labelled recordings and a config go in; a trained network in a run folder comes out.

And what follows from it: figures, predictions, ensembles, pretraining.
"""

import warnings

# Lightning pulls in torchvision, whose picture reader (not used here) loads on few builds.
warnings.filterwarnings("ignore", "Failed to load image Python extension", UserWarning)
