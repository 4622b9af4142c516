"""The trainer: ingests with Spark, fits with PyTorch, publishes atomically."""
