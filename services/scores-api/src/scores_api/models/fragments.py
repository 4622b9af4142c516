"""Fragments, their evidence, their factors and their nearest others."""

from contracts.kinds import ChangeUnit, SimilarityKind
from replacement.evidence import Basis
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
    heavy_atoms: int | None
    """Its size; open bonds are none. Null without a structure, as the next three."""
    rings: int | None
    """Of the smallest set of smallest rings."""
    charge: int | None
    """Formal."""
    logp: float | None
    """Wildman and Crippen's, of the fragment with its bonds open."""


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
    function: Percent | None
    """How often activity is kept where the other takes the fragment's place: of 100 replacements, those that change it by no
    more than 0.5 of `change_unit` (threefold, of log units). In runs of counts the cosine of effects on all targets. Null when
    the run does not tell."""
    low: Percent | None
    """Lower end of the 90 % interval of `function`; null in runs of counts."""
    high: Percent | None
    """Upper end of the same interval."""
    expected_change: float | None
    """Expected absolute change of activity at a target, in `change_unit`, when the other takes the fragment's place. Null in
    runs of counts, as all that follows of it."""
    change_low: float | None
    """Lower end of its 90 % interval."""
    change_high: float | None
    """Upper end of the same interval."""
    swaps: int | None
    """Pairs of compounds of the data that differ by this replacement alone: the evidence (`GET /v1/pairs`)."""
    basis: Basis | None
    """What the expectation rests on."""
    balanced: Percent | None
    """Cosine of the balanced factors: what `/cosine/score` shows of runs of counts; null in others."""
    structure: Percent | None
    """Tanimoto similarity of the structures; null when there are none."""
    coassay: Percent | None
    """On how far the same targets the two were measured, whatever came out; null when the run does not tell."""


class Neighbours(Wire):
    """The shown fragments nearest to one fragment, exactly."""

    run: str
    fragment: str
    similarity: SimilarityKind
    """What the order follows."""
    change_unit: ChangeUnit | None
    """Of every `expected_change`; null where the run tells none."""
    items: list[Neighbour]
