"""Evaluation: how well cells that no fit has seen are predicted, and how far halves of the data agree. Publishes nothing."""
