"""Executors: where a job's process runs."""
