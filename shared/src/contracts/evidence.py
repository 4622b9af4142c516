"""How much evidence a fragment needs: to be modelled, to be shown, and how large a matrix is published whole."""

from typing import Final

__all__ = ["MATRIX_FRAGMENTS", "MODELLED_SUPPORT", "NEIGHBOURS", "SHOWN_SCAFFOLDS", "SHOWN_SUPPORT"]

MODELLED_SUPPORT: Final = 2
"""Compounds that must contain a fragment cut from molecules before it gets a factor."""
SHOWN_SUPPORT: Final = 10
"""Compounds that must contain it before it is listed and offered as a neighbour by default."""
SHOWN_SCAFFOLDS: Final = 2
"""Distinct Murcko scaffolds among those compounds, so that one chemical series is not taken for evidence."""
MATRIX_FRAGMENTS: Final = 2000
"""Shown fragments up to which the whole score matrix is published."""
NEIGHBOURS: Final = 100
"""Neighbours published for a fragment and a similarity (fewer when there are fewer other shown fragments)."""
