"""Similarity of fragments beyond their factors: what the trainer publishes and the scores API tells by the same lines."""
