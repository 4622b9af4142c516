"""The HTTP API: jobs and their progress, uploads, devices."""
