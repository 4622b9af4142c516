"""Ingest: from files to records, to molecules and fragments, to an `Activity`. What workers run knows no pyspark."""
