"""Runs: what is asked for, how a run is named, what it reports, and the problems it can end in."""
