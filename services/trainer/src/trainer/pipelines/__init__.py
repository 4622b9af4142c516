"""Pipelines: from a spec to a published run, one file a kind of run."""
