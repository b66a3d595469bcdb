"""Scores become a trained recognizer: training, pretraining, evaluation, run folders."""
