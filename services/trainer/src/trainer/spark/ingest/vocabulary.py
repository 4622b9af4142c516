"""The words by which tables call their columns, and the units and relations they state values in."""

import re
from collections.abc import Iterable, Sequence
from typing import Final

__all__ = [
    "BOUNDS",
    "COMPOUND",
    "CONCENTRATION",
    "EXACT",
    "EXPONENTS",
    "LOGARITHMIC",
    "RELATION",
    "SMILES",
    "TARGET",
    "UNIT",
    "VALUE",
    "find",
    "is_descriptor",
    "normal",
]

SMILES: Final = (
    "smiles", "canonicalsmiles", "isomericsmiles", "smilesstring", "standardizedsmiles", "stdsmiles", "rdkitsmiles",
    "molsmiles", "moleculesmiles", "compoundsmiles", "ligandsmiles", "structure",
)  # fmt: skip
COMPOUND: Final = (
    "compound", "compoundid", "compoundname", "compoundchemblid", "moleculechemblid", "moleculeid", "molecule", "molid",
    "chemid", "chemicalid", "zincid", "chemblid", "pubchemcid", "cid", "drugbankid", "ligandid", "drugid", "id", "name",
)  # fmt: skip
TARGET: Final = (
    "target", "targetid", "targetname", "targetchemblid", "gene", "genename", "genesymbol", "protein", "proteinid",
    "proteinname", "uniprot", "uniprotid", "accession", "assay", "assayid", "assayname", "assaychemblid", "endpoint",
)  # fmt: skip
LOGARITHMIC: Final = ("pchemblvalue", "pchembl", "pactivity", "pic50", "pki", "pkd", "pec50", "px")
CONCENTRATION: Final = ("ic50", "ki", "kd", "ec50", "standardvalue")
VALUE: Final = (
    *LOGARITHMIC,
    "value",
    "activity",
    "activityvalue",
    "affinity",
    "label",
    "outcome",
    "response",
    "y",
    *CONCENTRATION,
)
RELATION: Final = ("relation", "standardrelation", "operator", "qualifier")
UNIT: Final = ("unit", "units", "standardunit", "standardunits", "valueunit")
_DESCRIPTORS: Final = ("", "index", "unnamed0", "chemicalindex", "inchi", "inchikey", "standardinchi", "standardinchikey")
_NORMAL: Final = re.compile(r"[^0-9a-z]+")

EXPONENTS: Final = {
    "M": 0, "mol/l": 0, "mol/L": 0,
    "mM": 3, "mmol/l": 3, "mmol/L": 3,
    "uM": 6, "µM": 6, "μM": 6, "umol/l": 6, "umol/L": 6, "µmol/L": 6, "μmol/L": 6,
    "nM": 9, "nmol/l": 9, "nmol/L": 9,
    "pM": 12, "pmol/l": 12, "pmol/L": 12,
}  # fmt: skip
"""Unit -> x where a value of it is value * 10^-x mol/l."""
EXACT: Final = ("", "=", "==")
BOUNDS: Final = ("<", ">", "<=", ">=", "≤", "≥", "<<", ">>", "~", "≈")
"""Relations of values that are limits or guesses."""


def normal(name: str) -> str:
    """A column's name without case, blanks and punctuation."""
    return _NORMAL.sub("", name.casefold())


def find(words: Sequence[str], columns: Iterable[str]) -> str | None:
    """The column that the earliest of the words names."""
    by_word = {normal(column): column for column in reversed(list(columns))}
    return next((by_word[word] for word in words if word in by_word), None)


def is_descriptor(column: str) -> bool:
    """Whether a column of a wide table is known to be no target: it names or describes the compound."""
    return normal(column) in {*_DESCRIPTORS, *COMPOUND, *SMILES}
