"""Layouts: the tables that databases, benchmarks and programs export, known by the names of their columns."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from trainer.tables.vocabulary import normal

__all__ = ["Layout", "layout_of"]


@dataclass(frozen=True)
class Layout:
    """A known layout."""

    name: str
    marks: frozenset[str]
    """Names of columns, as `vocabulary.normal`, that together occur nowhere else."""
    targets: tuple[str, ...] = ()
    """Columns that are what was measured, all other numbers being descriptions; found as in any other table where empty."""
    logarithmic: frozenset[str] = frozenset()
    """Columns of negative logarithms whose names do not say so."""


def _layout(name: str, marks: str, *, targets: str = "", logarithmic: str = "") -> Layout:
    return Layout(name, frozenset(marks.split()), tuple(targets.split()), frozenset(logarithmic.split()))


_LAYOUTS: Final = (
    _layout("ChEMBL web export", "moleculechemblid standardtype standardvalue standardunits targetchemblid targetname"),
    _layout("ChEMBL API", "moleculechemblid standardtype standardvalue canonicalsmiles targetchemblid"),
    _layout("ChEMBL export", "standardtype standardvalue standardunits"),
    _layout("BindingDB", "bindingdbreactantsetid ligandsmiles"),
    _layout("BindingDB", "ligandsmiles kinm ic50nm"),
    _layout("PubChem BioAssay", "pubchemresulttag pubchemactivityoutcome"),
    _layout("Guide to Pharmacology", "affinityunits affinitymedian"),
    _layout("Papyrus", "activityid quality accession pchemblvaluemean"),
    _layout("Papyrus", "activityid targetid accession pchemblvalue"),
    _layout("ExCAPE-DB", "ambitinchikey activityflag pxc50"),
    _layout("DrugCentral", "structid actvalue acttype", logarithmic="actvalue"),
    _layout("MoleculeACE", "expmeannm y cliffmol", targets="y"),
    _layout("TDC", "drugid drug y"),
    _layout("TDC", "drugid drug targetid y"),
    _layout("MoleculeNet BBBP", "num pnp smiles", targets="pnp"),
    _layout("MoleculeNet ESOL", "measuredlogsolubilityinmolsperlitre smiles", targets="measuredlogsolubilityinmolsperlitre"),
    _layout("MoleculeNet FreeSolv", "iupac expt calc smiles", targets="expt"),
    _layout("MoleculeNet Lipophilicity", "cmpdchemblid exp smiles", targets="exp"),
    _layout("MoleculeNet HIV", "activity hivactive smiles", targets="hivactive"),
    _layout("MoleculeNet BACE", "mol cid class model pic50", targets="pic50"),
    _layout("MoleculeNet ClinTox", "fdaapproved cttox smiles", targets="fdaapproved cttox"),
)


def layout_of(columns: Sequence[str]) -> Layout | None:
    """The first known layout whose marks are all among the columns."""
    names = {normal(column) for column in columns}
    return next((layout for layout in _LAYOUTS if layout.marks <= names), None)
