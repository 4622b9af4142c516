"""Replacements: what activity does when one fragment takes the place of another, learned from all that were measured."""
