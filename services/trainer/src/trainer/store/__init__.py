"""The store: tables, artifacts and publications on disk, each run whole or not at all."""
