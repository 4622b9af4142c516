"""Scales: in which unit the numbers of a column are, as far as its header, its content and the options tell."""

import re
from collections.abc import Iterator

import numpy as np

from contracts.kinds import ActivityKind
from trainer.data.offences import Offence
from trainer.runs.ingest import Unit
from trainer.tables import vocabulary
from trainer.tables.headers import header_of
from trainer.tables.questions import option, question
from trainer.tables.roles import Columns
from trainer.tables.units import PX, UNITS, scale_of

__all__ = ["doubts_of", "is_unitless", "scale_in", "unit_named", "unit_question"]

_LOWEST_PX, _HIGHEST_PX = -2.0, 16.0
"""A micrometre of pure water is 55 mol/l; attomolar binding is 18."""
_PLAUSIBLE = (3.0, 11.5)
"""Between which nearly all measured pX lie, and few series of concentrations."""
_ENOUGH = 5
_MASS = re.compile(r"(?:u|µ|\u03bc|m|n|p|k)?g\s*[/.·]?\s*(?:m|u|d)?l(?:-1)?\b", re.IGNORECASE)
"""Mass by volume."""


def scale_in(columns: Columns, name: str) -> int | str | None:
    """The scale of a column: as rows below the header, the header, the layout or the options say."""
    options = columns.options
    chosen = None if options.unit is None else PX if options.unit is Unit.PX else UNITS[options.unit.value]
    told = dict(columns.file.dialect.units).get(name)
    own = (scale_of(told) if told else None) or header_of(name).scale
    if told and scale_of(told) == 0:
        own = 0
    if own is None and columns.layout is not None and vocabulary.normal(name) in columns.layout.logarithmic:
        own = PX
    if chosen is not None and (own != PX or options.value_column == name or name in options.target_columns):
        return chosen
    return own


def is_unitless(columns: Columns, name: str, unit: str | None) -> bool:
    """Whether a column states concentrations and nothing says in which unit."""
    wanted = columns.options.activity_kind in {None, ActivityKind.REAL}
    header = header_of(name)
    concentration = (header.endpoint is not None and not header.percent) or vocabulary.normal(name) in {
        "standardvalue",
        "publishedvalue",
    }
    stated = unit is not None or columns.profiles[name].has_units
    return wanted and concentration and not stated and scale_in(columns, name) is None


def looks_logarithmic(columns: Columns, name: str) -> bool:
    """Whether the numbers look like pX: nearly all such numbers do, and few series of concentrations."""
    values = columns.profiles[name].sound
    low, high = _PLAUSIBLE
    inside = len(values) >= _ENOUGH and bool(((values >= low) & (values <= high)).all())
    return inside and float(np.mean(values != np.floor(values))) >= 0.5  # noqa: PLR2004 - half


def unit_question(columns: Columns, name: str) -> Offence | None:
    """The question for the unit of a column of concentrations; None where they look like pX, which is doubted."""
    if looks_logarithmic(columns, name):
        values = columns.profiles[name].sound
        columns.doubts.append(
            f"{name} names no unit; its values from {values.min():g} to {values.max():g} are taken as pX "
            f"({option('unit', 'nM')} if they are concentrations)"
        )
        return None
    if match := _MASS.search(name):
        reason = f"states {match[0]}, which is no molar unit: convert it by the molecular weight, or leave the column out"
        return Offence(columns.file.name, None, name, None, reason)
    answers = [option("unit", "nM"), option("unit", "uM"), option("unit", "pX")]
    texts = [other for other in columns.free if columns.profiles[other].distinct and not columns.profiles[other].is_numeric]
    answers += [option("unit_column", other) for other in texts[:2]]
    return question(columns.file.name, name, "states concentrations without a unit", answers)


def doubts_of(columns: Columns, name: str, scale: int | str | None, unit: str | None = None) -> Iterator[str]:
    """What looks wrong among the numbers of a column; `unit` is the column that states the unit of each."""
    profile = columns.profiles[name]
    values = profile.sound
    if profile.sentinel is not None:
        count = int((profile.values == profile.sentinel).sum())
        yield (
            f"{name} holds {profile.sentinel:g} in {count} of the first {len(profile.values)} cells, far from all others: "
            f"it is read as a number ({option('missing', f'{profile.sentinel:g}')} reads it as not measured)"
        )
    if not len(values) or profile.is_binary:
        return
    named = bool(vocabulary.MEASURED & set(vocabulary.words(name))) or (columns.layout is not None and columns.layout.targets)
    if (scale == PX or (scale is None and unit is None and not profile.has_units)) and not header_of(name).percent:
        lowest = _LOWEST_PX if scale == PX or not named else -np.inf
        outside = (values < lowest) | (values > _HIGHEST_PX)
        if outside.any():
            yield (
                f"{name} holds {int(outside.sum())} of {len(values)} values outside {_LOWEST_PX:g} to {_HIGHEST_PX:g}, "
                f"which no pX is: they are read as they stand ({option('unit', 'nM')} if they are concentrations)"
            )
    elif isinstance(scale, int) and (values > 0).any():
        px = scale - np.log10(values[values > 0])
        outside = (px < _LOWEST_PX) | (px > _HIGHEST_PX)
        if outside.any():
            yield f"{name} holds {int(outside.sum())} of {len(px)} values of a pX outside {_LOWEST_PX:g} to {_HIGHEST_PX:g}"
    if header_of(name).unsigned:
        yield f"{name} is a logarithm without a minus sign, so that lower is more active: it is read as it stands"
    if profile.is_constant and len(values) > 1:
        yield f"{name} is {profile.distinct[0]} in all of the first {len(values)} cells"


def unit_named(scale: int | str | None) -> str | None:
    """A scale as a unit's name."""
    if isinstance(scale, str):
        return scale
    return next((name for name, exponent in UNITS.items() if exponent == scale), None) if scale is not None else None
