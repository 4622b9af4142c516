"""Similarities of a run's fragments: one class a kind, and one place that lists those of a run."""
