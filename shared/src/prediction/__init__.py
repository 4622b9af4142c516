"""Prediction: the model of an `activity` run as it is served and judged: one file that is mapped, and numpy."""
