"""Similarity: how alike fragments are, and what came of replacing one by another. No torch, no Spark."""
