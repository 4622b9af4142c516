"""On real molecules the fast path, the graph, the cuts and the scaffolds are equal to what RDKit says at its own pace."""

import csv
import gzip
import random
from pathlib import Path

import pytest
from rdkit import Chem, rdBase
from rdkit.Chem import BRICS, Descriptors
from rdkit.Chem.Scaffolds import MurckoScaffold

from chemistry import Molecule, Unfragmentable, fragment, standardisation
from chemistry.canonical import read
from chemistry.graph import Graph
from chemistry.leaves import brics_bonds

pytestmark = pytest.mark.data

_FILES = {
    "chembl5": ("chembl5/chembl_5thresh.csv.gz", "smiles"),
    "tox21": ("tox21/tox21.csv.gz", "smiles"),
    "zinc": ("zinc_dti/ZINC_chemicals.tsv.gz", "SMILES"),
    "muv": ("muv/muv.csv.gz", "smiles"),
}
_ORDERS = {
    Chem.BondType.SINGLE: "-",
    Chem.BondType.DOUBLE: "=",
    Chem.BondType.TRIPLE: "#",
    Chem.BondType.AROMATIC: ":",
}


def _smiles(data: Path, name: str) -> list[str]:
    file, column = _FILES[name]
    with gzip.open(data / "activity" / file, "rt", encoding="utf-8", newline="") as lines:
        return [row[column] for row in csv.DictReader(lines, delimiter="\t" if ".tsv" in file else ",")]


@pytest.fixture(scope="module")
def written(shared_data: Path) -> list[str]:
    """2,400 distinct SMILES as found in four data sets."""
    choose = random.Random(5)  # noqa: S311 -- a sample, not a secret
    return [text for name in _FILES for text in choose.sample(sorted(set(_smiles(shared_data, name))), 600)]


@pytest.fixture(scope="module")
def molecules(written: list[str]) -> dict[str, Molecule]:
    """Those that can be fragmented."""
    found = {}
    for text in written:
        try:
            found[text] = fragment(text)
        except Unfragmentable:
            continue
    return found


def test_all_but_a_few_real_molecules_are_fragmented(written: list[str], molecules: dict[str, Molecule]) -> None:
    assert len(molecules) > 0.98 * len(written)


def test_what_looks_plain_is_what_standardisation_leaves_alone(molecules: dict[str, Molecule]) -> None:
    plain = [text for text in molecules if standardisation._UNPLAIN.search(text) is None]  # noqa: SLF001 -- the claim is about it
    assert len(plain) > 1500
    for text in plain:
        with rdBase.BlockLogs():
            parent = standardisation._neutral_parent(read(text))  # noqa: SLF001 -- the same
        assert Chem.MolToSmiles(parent) == molecules[text].parent


def test_a_graph_has_the_bonds_and_rings_that_rdkit_reads(molecules: dict[str, Molecule]) -> None:
    for molecule in molecules.values():
        mol, graph = Chem.MolFromSmiles(molecule.parent), Graph.read(molecule.parent)
        theirs = {
            (bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()): (_ORDERS[bond.GetBondType()], bond.IsInRing())
            for bond in mol.GetBonds()
        }
        ours = {
            (one, other): (order, other not in graph.chain[one])
            for one, bonds in enumerate(graph.bonds)
            for other, order in bonds.items()
        }
        assert ours == theirs | {(end, begin): bond for (begin, end), bond in theirs.items()}
        assert "".join(map("".join, graph.words)) == molecule.parent


def test_the_bonds_cut_are_those_that_brics_finds(molecules: dict[str, Molecule]) -> None:
    for molecule in molecules.values():
        found = BRICS.FindBRICSBonds(Chem.MolFromSmiles(molecule.parent))  # type: ignore[no-untyped-call]  # RDKit's
        assert sorted(brics_bonds(Graph.read(molecule.parent))) == sorted(tuple(sorted(atoms)) for atoms, _ in found)


def test_scaffolds_are_those_of_murcko(molecules: dict[str, Molecule]) -> None:
    """RDKit gives no hydrogens to charged atoms for the bonds that it cuts: such scaffolds of its are radicals."""
    radicals = 0
    for molecule in molecules.values():
        scaffold = Chem.MolFromSmiles(MurckoScaffold.MurckoScaffoldSmiles(molecule.parent))  # type: ignore[no-untyped-call]  # RDKit's
        if Descriptors.NumRadicalElectrons(scaffold):  # type: ignore[no-untyped-call]  # RDKit's
            radicals += 1
        else:
            assert molecule.scaffold == Chem.MolToSmiles(scaffold)
    assert radicals < 10


def test_every_name_is_canonical_smiles_as_rdkit_reads_it(molecules: dict[str, Molecule]) -> None:
    for name in {name for molecule in molecules.values() for name in (molecule.parent, *molecule.fragments)}:
        assert Chem.MolToSmiles(Chem.MolFromSmiles(name)) == name


def test_fragments_do_not_depend_on_the_order_of_atoms(molecules: dict[str, Molecule]) -> None:
    for molecule in molecules.values():
        mol = Chem.MolFromSmiles(molecule.parent)
        order = list(range(mol.GetNumAtoms()))
        random.Random(len(order)).shuffle(order)  # noqa: S311 -- a permutation, not a secret
        shuffled = Chem.MolToSmiles(Chem.RenumberAtoms(mol, order), canonical=False)
        assert fragment(shuffled) == fragment(molecule.parent) == molecule


@pytest.mark.parametrize(("name", "unparsable"), [("tox21", 8), ("zinc", 73)])
def test_the_unparsable_smiles_of_a_data_set_are_refused_as_such(shared_data: Path, name: str, unparsable: int) -> None:
    refused = set()
    for text in set(_smiles(shared_data, name)):
        try:
            standardisation.standardise(text)
        except Unfragmentable as refusal:
            if not refusal.reason.startswith(("no organic part", "an organometallic")):
                refused.add(text)
    assert len(refused) == unparsable
    with rdBase.BlockLogs():
        assert [text for text in refused if Chem.MolFromSmiles(text) is not None] == []
