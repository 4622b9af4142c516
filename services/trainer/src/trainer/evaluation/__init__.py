"""Held-out evaluation: how cells are split, and what is measured on those that no fit has seen. Pure numpy."""
