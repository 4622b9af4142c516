"""Placeholder until `make client-gen`."""
