"""Fragments, their evidence, their factors and their nearest others."""

from contracts.kinds import SimilarityKind
from scores_api.models.wire import Cursor, Percent, Vector, Wire

__all__ = ["Fragment", "FragmentDetail", "FragmentPage", "Neighbour", "Neighbours"]


class Fragment(Wire):
    """A modelled fragment and the evidence for it."""

    id: int
    name: str
    """Unique within the run's data; for molecules the fragment's SMILES."""
    smiles: str | None
    support: int
    """Compounds that contain it."""
    scaffolds: int | None
    """Distinct Murcko scaffolds among them; null without structures."""
    shown: bool
    """Enough evidence to be listed by default."""


class FragmentDetail(Fragment):
    """A fragment with its factors in one run."""

    run: str
    vector: Vector
    """Canonical: its row of U S."""
    balanced: Vector
    """Its row of U sqrt(S)."""


class FragmentPage(Wire):
    """Fragments in the order of their ids."""

    run: str
    items: list[Fragment]
    next: Cursor


class Neighbour(Wire):
    """Another fragment and how alike it is."""

    rank: int
    """1 is the nearest."""
    name: str
    smiles: str | None
    support: int
    """Compounds that contain it: the evidence behind the number."""
    function: Percent
    """Cosine of the effects on all targets."""
    low: Percent | None
    """Lower end of the 90 % interval of `function`; null when the run drew none."""
    high: Percent | None
    """Upper end of the same interval."""
    balanced: Percent
    """Cosine of the balanced factors: what `/cosine/score` shows."""
    structure: Percent | None
    """Tanimoto similarity of the structures; null when there are none."""
    coassay: Percent | None
    """On how far the same targets the two were measured, whatever came out; null when the run does not tell."""
    combined: float | None
    """Percentage of pairs whose swap is expected to change more, by swaps, structure and function; null without structures."""


class Neighbours(Wire):
    """The shown fragments nearest to one fragment, exactly."""

    run: str
    fragment: str
    similarity: SimilarityKind
    """What the order follows."""
    items: list[Neighbour]
