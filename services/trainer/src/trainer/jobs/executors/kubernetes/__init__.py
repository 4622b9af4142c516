"""The Kubernetes executor: a `batch/v1` Job for each attempt, followed by list and watch."""
