"""Cuts of molecules."""

import pytest
from rdkit import Chem
from rdkit.Chem import rdMMPA

from chemistry import fragment
from chemistry.canonical import canonical
from chemistry.cuts import GROUP_ATOMS, HYDROGEN, Cut, Linker, double_cuts, opened, single_cuts
from chemistry.graph import Graph
from chemistry.standardisation import standardise


def singles(parent: str) -> list[Cut]:
    graph = Graph.read(parent)
    return single_cuts(graph, opened(graph))


def doubles(smiles: str) -> list[Linker]:
    graph = Graph.read(standardise(smiles))
    return double_cuts(graph, opened(graph))


def between(smiles: str, one: str, other: str) -> Linker:
    (linker,) = (each for each in doubles(smiles) if set(each.ends) == {canonical(one), canonical(other)})
    return linker


def cuts_of(smiles: str) -> set[tuple[str, str]]:
    return {(cut.group, cut.rest) for cut in singles(standardise(smiles))}


def test_a_group_is_named_as_the_fragment_of_the_same_atoms() -> None:
    assert {group for group, _ in cuts_of("Clc1ccc(C(=O)O)cc1")} == {"*Cl", "*C(=O)O"}
    assert {"*Cl", "*C(=O)O"} <= set(fragment("Clc1ccc(C(=O)O)cc1").fragments)


def test_both_halves_of_a_molecule_cut_in_the_middle_are_groups() -> None:
    assert ("*c1ccccc1", "*c1ccccc1") in cuts_of("c1ccc(-c2ccccc2)cc1")
    assert {group for group, _ in cuts_of("CCCC")} == {"*C", "*CC"}


def test_amide_bonds_between_a_carbonyl_and_a_nitrogen_are_kept() -> None:
    assert not any(group.startswith("*N") for group, _ in cuts_of("CC(=O)NC"))


def test_the_rest_with_a_hydrogen_is_the_molecule_as_it_is_standardised() -> None:
    for smiles in ("Cn1cccc1", "CN1CCOCC1", "Cc1ccccc1", "CC1CC(C)(C)N([O])C1", "C[n+]1ccccc1CC"):
        for cut in singles(standardise(smiles)):
            assert cut.parent == Chem.MolToSmiles(Chem.MolFromSmiles(cut.parent))
            assert "*" not in cut.parent
    (methyl,) = (cut for cut in singles("Cn1cccc1") if cut.group == "*C")
    assert methyl.parent == standardise("c1cc[nH]c1")


def test_hydrogen_is_named_as_the_one_writer_names_it() -> None:
    assert canonical("[H]*") == HYDROGEN


def test_a_linker_is_what_is_between_two_cuts_and_knows_its_way_round() -> None:
    """`*NC(*)=O` between phenyl and pyridine: either its nitrogen or its carbonyl is at the phenyl."""
    ways = {
        smiles: between(smiles, "*c1ccccc1", "*c1cccnc1")
        for smiles in ("O=C(Nc1ccccc1)c1cccnc1", "O=C(Nc1cccnc1)c1ccccc1", "c1ccccc1NC(=O)c1cnccc1", "n1cccc(c1)NC(=O)c1ccccc1")
    }
    assert {linker.name for linker in ways.values()} == {"*NC(*)=O"}
    anilide, nicotinyl, anilide_again, nicotinyl_again = (linker.turned for linker in ways.values())
    assert {anilide, nicotinyl} == {True, False}
    assert (anilide_again, nicotinyl_again) == (anilide, nicotinyl)
    ester = between("O=C(Oc1ccccc1)c1cccnc1", "*c1ccccc1", "*c1cccnc1")
    assert (ester.name, ester.turned) == ("*OC(*)=O", anilide)  # both names begin at the hetero atom


@pytest.mark.parametrize("smiles", ["c1ccccc1Oc1cccnc1", "c1ccccc1NC(=O)Nc1cccnc1", "c1ccccc1NC(=O)c1ccccc1"])
def test_equal_ends_and_equal_open_ends_have_no_way_round(smiles: str) -> None:
    found = [each for each in doubles(smiles) if each.ends[0].startswith("*c1") and each.ends[1].startswith("*c1")]
    assert found
    assert {each.turned for each in found} == {None}


@pytest.mark.parametrize(
    "smiles", ["CC(C)Cc1ccc(cc1)C(C)C(=O)O", "Cc1ccc(-c2cc(C(F)(F)F)nn2-c2ccc(S(N)(=O)=O)cc2)cc1", "N#CCCN1CCOCC1"]
)
def test_linkers_are_those_of_rdkit(smiles: str) -> None:
    mol = Chem.MolFromSmiles(standardise(smiles))
    wanted = set()
    for core, chains in rdMMPA.FragmentMol(mol, minCuts=2, maxCuts=2, maxCutBonds=500, resultsAsMols=False):
        size = sum(atom.GetAtomicNum() > 1 for atom in Chem.MolFromSmiles(core).GetAtoms())
        if size <= GROUP_ATOMS and 2 * size <= mol.GetNumAtoms():
            bare = [canonical(text.replace("[*:1]", "*").replace("[*:2]", "*")) for text in (core, *chains.split("."))]
            wanted.add((bare[0], tuple(sorted(bare[1:]))))
    assert wanted
    assert {(each.name, each.ends) for each in doubles(smiles)} == wanted
    for each in doubles(smiles):
        assert len(each.atoms) == sum(atom.GetAtomicNum() > 1 for atom in Chem.MolFromSmiles(each.name).GetAtoms())


@pytest.mark.parametrize(
    "smiles",
    [
        "CC(=O)Nc1ccc(O)cc1",
        "CN1CCC[C@H]1c1cccnc1",
        "CC(C)Cc1ccc(cc1)C(C)C(=O)O",
        "Cc1ccc(-c2cc(C(F)(F)F)nn2-c2ccc(S(N)(=O)=O)cc2)cc1",
        "CCOc1ccc(S(=O)(=O)N2CCN(C)CC2)cc1-c1nc2c(CCC)nn(C)c2c(=O)[nH]1",
        "N#CCCN1CCOCC1",
        "C[N+](C)(C)CCO",
        "OC(=O)c1ccccc1[N+](=O)[O-]",
        "C=CCc1ccccc1C#C",
    ],
)
def test_the_cuts_are_those_of_rdkit(smiles: str) -> None:
    parent = standardise(smiles)
    mol = Chem.MolFromSmiles(parent)
    wanted = set()
    for _, chains in rdMMPA.FragmentMol(mol, minCuts=1, maxCuts=1, maxCutBonds=500, resultsAsMols=False):
        parts = [text.replace("[*:1]", "*") for text in chains.split(".")]
        for group, rest in (parts, parts[::-1]):
            size = sum(atom.GetAtomicNum() > 1 for atom in Chem.MolFromSmiles(group).GetAtoms())
            if size <= GROUP_ATOMS and 2 * size <= mol.GetNumAtoms():
                wanted.add((canonical(group), canonical(rest)))
    assert {(cut.group, cut.rest) for cut in singles(parent)} == wanted
