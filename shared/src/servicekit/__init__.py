"""HTTP plumbing that is identical in every ntdemo service: assembly, problems, health, metrics, logs, documentation."""
