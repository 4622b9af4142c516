"""The view: what a page's address says is looked at, so that a link restores it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Final, Self
from urllib.parse import parse_qs, quote, urlencode

from contracts.kinds import SimilarityKind
from viz.answers import Run
from viz.failures import NotOffered, NotTold
from viz.language import N_, _

__all__ = ["CURRENT", "UNLIKE", "View", "meaning", "named"]

CURRENT: Final = "current"
"""The run that carries this alias at the time of asking, which need not be the newest."""
UNLIKE: Final = 30
"""Percent of Tanimoto similarity up to which two fragments are unlike in structure."""
_SIMILARITIES: Final = {
    SimilarityKind.FUNCTION: N_("function"),
    SimilarityKind.BALANCED: N_("balanced"),
    SimilarityKind.STRUCTURE: N_("structure"),
    SimilarityKind.COASSAY: N_("coassay"),
}
_ATOM: Final = re.compile(r"[0-9]{1,5}")
_OFFERED: Final[dict[str, tuple[str, ...]]] = {
    "similarity": tuple(SimilarityKind),
    "vectors": ("fitted", "unit"),
    "drawn": ("automatic", "factors", "map"),
    "colour": ("similarity", "support", "scaffolds", "size", "rings", "charge", "logp"),
    "plane": ("12", "13", "23"),
    "nearest": ("15", "30", "60", "100"),
    "structure": ("any", "unlike"),
    "table": ("hidden", "shown"),
    "order": ("excess", "prediction", "certainty"),
    "sort": ("support", "size", "logp", "name", "id"),
    "rings": ("any", "with", "without"),
    "charge": ("any", "neutral", "positive", "negative"),
    "support": ("any", "10", "30", "100"),
    "size": ("any", "6", "12", "20"),
}


@dataclass(frozen=True)
class View:
    """A run, a similarity, perhaps a chosen fragment, and how the figures draw them."""

    run: str = CURRENT
    similarity: SimilarityKind | None = None
    """None is the one that is recommended for the run."""
    fragment: str | None = None
    vectors: str = "fitted"
    """`fitted`, or `unit` for equal lengths."""
    drawn: str = "automatic"
    """By their factors, or on the neighbourhood map; automatic is the map above what 3-D can turn."""
    colour: str = "similarity"
    """What the colours of the map tell."""
    plane: str = "12"
    """The two factors of the plane that is shown for large runs."""
    nearest: str = "30"
    """Fragments beside the chosen one in the heat map of a large run."""
    structure: str = "any"
    """Of the fragments listed beside the chosen one: `any`, or `unlike` it."""
    sort: str = "support"
    """What the list of found fragments follows."""
    rings: str = "any"
    charge: str = "any"
    support: str = "any"
    """The least, of fragments that are listed."""
    size: str = "any"
    """The most heavy atoms, of fragments that are listed."""
    order: str = "excess"
    """Which targets of a prediction come first."""
    beside: str | None = None
    """A run that the chosen one is compared with."""
    bot: str | None = None
    """The bot that is looked at."""
    compound: str | None = None
    """What is predicted: a SMILES, or names of fragments with commas between them."""
    target: str | None = None
    """The target whose prediction is taken apart, and at which replacements are told."""
    atom: str | None = None
    """The number of an atom of the compound as it is written, where its fragment is replaced."""
    by: str | None = None
    """What takes the place of the chosen fragment, of which the measured pairs are shown."""
    keep: tuple[str, ...] = ()
    """Targets at which the products of a molecule must keep activity."""
    lose: tuple[str, ...] = ()
    """Targets at which they must lose it."""
    table: str = "hidden"
    """Whether the figure's numbers stand below it as a table, too: hundreds of cells, which cost a slow browser seconds.
    In the list of runs, whether every measurement has a column."""

    @classmethod
    def of(cls, search: str | None) -> Self:
        """Read from the query part of an address; what it leaves out is the default.

        Raises:
            NotOffered: it asks for a choice that there is not.
        """
        stated = _stated(search)
        for name, value in stated.items():
            if name == "atom" and not _ATOM.fullmatch(str(value)):
                raise NotOffered(name, str(value), (_("numbers from 0"),))
            if isinstance(value, str) and value not in _OFFERED.get(name, (value,)):
                raise NotOffered(name, value, _OFFERED[name])
        return cls(**cls._typed(stated))

    @classmethod
    def repaired(cls, search: str | None) -> Self:
        """The same for the links around what cannot be shown: a choice that there is not is the default."""
        stated = {name: value for name, value in _stated(search).items() if value in _OFFERED.get(name, (value,))}
        if not _ATOM.fullmatch(str(stated.get("atom", "0"))):
            del stated["atom"]
        return cls(**cls._typed(stated))

    @staticmethod
    def _typed(stated: Mapping[str, str | tuple[str, ...]]) -> dict[str, Any]:
        return {name: SimilarityKind(str(value)) if name == "similarity" else value for name, value in stated.items()}

    @property
    def search(self) -> str:
        """The query part that restores this view, without what is default; empty for the default view."""
        default = type(self)()
        given = {field.name: getattr(self, field.name) for field in fields(self)}
        query = urlencode(
            {name: value for name, value in given.items() if value and value != getattr(default, name)},
            doseq=True,
            quote_via=quote,
            safe="",
        )
        return f"?{query}" if query else ""

    def choosing(self, fragment: str | None) -> Self:
        """The same view with another fragment chosen, or none."""
        return replace(self, fragment=fragment, atom=None, by=None)

    def pinned(self, run: str) -> Self:
        """The same view of the run with this id, which a later publication does not change."""
        return replace(self, run=run)

    def similarity_in(self, run: Run) -> SimilarityKind:
        """The similarity that is shown of a run.

        Raises:
            NotTold: none is chosen, and the run tells none.
        """
        if self.similarity is None and not run.similarities:
            raise NotTold(
                _("This run tells no similarity of its fragments: its data hold neither replacements nor structures.")
            )
        return self.similarity or run.similarities[0]

    def offers(self, name: str) -> list[tuple[str, Self, bool]]:
        """The values of one choice, each with its view and whether it is this one."""
        views: list[dict[str, Any]] = [{name: value} for value in _OFFERED[name]]
        return [(view[name], replace(self, **view), view[name] == getattr(self, name)) for view in views]


def named(similarity: SimilarityKind) -> str:
    """A similarity in a word."""
    return _(_SIMILARITIES[similarity])


def meaning(similarity: SimilarityKind) -> str:
    """What a similarity says of two fragments, in one sentence."""
    match similarity:
        case SimilarityKind.FUNCTION:
            return _(
                "How often activity stays within threefold or half its spread when replaced; of counts a cosine of effects."
            )
        case SimilarityKind.BALANCED:
            return _("The cosine of their balanced factors, the rows of U√S: what /cosine/score serves.")
        case SimilarityKind.STRUCTURE:
            return _("How alike they look, whatever they do: Tanimoto similarity of ECFP4, from 0 to 100 %.")
        case SimilarityKind.COASSAY:
            return _("How far they were measured on the same targets, whatever came out, from 0 to 100 %.")


def _stated(search: str | None) -> dict[str, str | tuple[str, ...]]:
    """What an address says of the fields of a view, as it stands."""
    query = parse_qs((search or "").removeprefix("?"))
    return {
        field.name: tuple(dict.fromkeys(query[field.name])) if isinstance(field.default, tuple) else query[field.name][0]
        for field in fields(View)
        if field.name in query
    }
