"""Replacement: what one fragment in the place of another is expected to change, by the file in which a run states it."""
