"""Conversations from files: every format of dialogue corpora, told apart by content, and what is kept of their texts."""

__all__: list[str] = []
