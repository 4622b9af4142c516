"""Replacements asked of a run: of a fragment, of a molecule, and what was measured of one."""
