"""Data: what users hand in, as facts. No Spark, no torch."""
