"""Gaussian processes: activity of whole molecules on every target, of which fragments have an exact share."""
