"""How much evidence is needed: for a fragment to be modelled and shown, for a matrix to be whole, for an interval to hold."""

from typing import Final

__all__ = ["MATRIX_FRAGMENTS", "MODELLED_SUPPORT", "NEIGHBOURS", "SHOWN_SCAFFOLDS", "SHOWN_SUPPORT", "WIDTH"]

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
WIDTH: Final = 1.6448536269514722
"""Standard deviations to either side that hold 90 % of a normal distribution."""
