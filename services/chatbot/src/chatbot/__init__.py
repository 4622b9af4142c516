"""Talks English and Japanese: an OpenAI-compatible API, a page and a terminal over dialogue bundles."""
