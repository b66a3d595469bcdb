"""The names of before, until the rooms above have taken over the new ones."""

from mgskel.core.recording import Dataset as Labelled
from mgskel.datasets.classes import ClassList, class_list
from mgskel.datasets.loading import load_dataset as load_labelled

__all__ = ["ClassList", "Labelled", "class_list", "load_labelled"]
