"""Fragments of molecules that a chemist can check by hand, and the rules of the notation."""

import pickle
import random
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rdkit import Chem

from chemistry import FRAGMENTATION_VERSION, Molecule, Unfragmentable, fragment
from chemistry.graph import Graph
from chemistry.groups import groups
from chemistry.leaves import leaves
from chemistry.rings import ring_systems
from chemistry.standardisation import standardise

KNOWN = {
    "aspirin": (
        "CC(=O)Oc1ccccc1C(=O)O",
        "c1ccccc1",
        {"*C(C)=O", "*O*", "*c1ccccc1*", "*C(=O)O", "*OC(*)=O"},
    ),
    "paracetamol": (
        "CC(=O)Nc1ccc(O)cc1",
        "c1ccccc1",
        {"*C(C)=O", "*N*", "*c1ccc(O)cc1", "*c1ccc(*)cc1", "*NC(*)=O", "*O"},
    ),
    "ibuprofen": (
        "CC(C)Cc1ccc(C(C)C(=O)O)cc1",
        "c1ccccc1",
        {"*CC(C)C", "*c1ccc(*)cc1", "*C(C)C(=O)O", "*C(=O)O"},
    ),
    "caffeine": (
        "Cn1c(=O)c2c(ncn2C)n(C)c1=O",
        "O=c1[nH]c(=O)c2[nH]cnc2[nH]1",
        {"Cn1c(=O)c2c(ncn2C)n(C)c1=O", "*n1c(=O)c2c(ncn2*)n(*)c1=O"},
    ),
    "imatinib": (
        "Cc1ccc(NC(=O)c2ccc(CN3CCN(C)CC3)cc2)cc1Nc1nccc(-c2cccnc2)n1",
        "O=C(Nc1cccc(Nc2nccc(-c3cccnc3)n2)c1)c1ccc(CN2CCNCC2)cc1",
        {
            *("*c1cccnc1", "*c1ccnc(*)n1", "*N*", "*c1ccc(C)c(*)c1", "*C(*)=O", "*c1ccc(*)cc1", "*C*", "*N1CCN(C)CC1"),
            *("*c1ccc(*)c(*)c1", "*N1CCN(*)CC1"),
            *("*N(*)*", "*NC(*)=O"),
        },
    ),
    "tamoxifen": (
        "CCC(=C(c1ccccc1)c1ccc(OCCN(C)C)cc1)c1ccccc1",
        "C(=C(c1ccccc1)c1ccccc1)c1ccccc1",
        {
            *("*=C(CC)c1ccccc1", "*c1ccc(C(=*)c2ccccc2)cc1", "*O*", "*CC*", "*N(C)C"),
            *("*c1ccccc1", "*c1ccc(*)cc1"),
            *("*C(*)=C(*)*", "*N(*)*"),
        },
    ),
    "metformin": ("CN(C)C(=N)NC(=N)N", "", {"CN(C)C(=N)NC(=N)N", "*N(*)C(=N)NC(=N)N"}),
    "hexane": ("CCCCCC", "", {"CCCCCC"}),
    "methane": ("C", "", {"C"}),
}
"""Name: canonical SMILES, scaffold, fragments."""


@pytest.mark.parametrize("name", KNOWN)
def test_known_molecules_have_the_fragments_a_chemist_sees(name: str) -> None:
    smiles, scaffold, fragments = KNOWN[name]
    assert fragment(smiles) == Molecule(parent=smiles, scaffold=scaffold, fragments=tuple(sorted(fragments)))


@pytest.mark.parametrize(
    ("smiles", "system"),
    [
        ("Cc1ccc2ccccc2c1", "*c1ccc2ccccc2c1"),  # fused
        ("CC1CC2CCC1C2", "*C1CC2CCC1C2"),  # bridged
        ("CC1CCC2(CC1)OCCO2", "*C1CCC2(CC1)OCCO2"),  # spiro
        ("CN1CCCCC1=O", "*N1CCCCC1=O"),  # a lactam keeps its oxygen
        ("Cc1cc[nH]c(=O)c1", "*c1cc[nH]c(=O)c1"),  # so does a pyridone
        ("C[n+]1ccccc1", "*[n+]1ccccc1"),  # a charge that cannot be neutralised stays
        ("Cc1cccc[n+]1[O-]", "*c1cccc[n+]1[O-]"),  # an N-oxide
        ("CC1CCS(=O)(=O)C1", "*C1CCS(=O)(=O)C1"),  # a sulfone
        ("CC=C1CCCC1", "*C=C1CCCC1"),  # an alkylidene ring, with one atom of what it carries
        ("C1CCCC1=C1CCCC1", "*=C1CCCC1"),  # two rings at a double bond: each ends in it
    ],
)
def test_a_ring_system_is_whole_with_what_is_doubly_bonded_to_it(smiles: str, system: str) -> None:
    assert ring_systems(Graph.read(standardise(smiles))) == {system}


@pytest.mark.parametrize(
    ("smiles", "group"),
    [
        ("CCO", "*O"),
        ("COC", "*O*"),
        ("CC=O", "*C=O"),
        ("CC(C)=O", "*C(*)=O"),
        ("CC(=O)OC", "*OC(*)=O"),
        ("CC(=O)N(C)C", "*C(=O)N(*)*"),
        ("O=C1CCCN1C", "*C(=O)N(*)*"),  # a lactam is an amide
        ("CNC(=O)NC", "*NC(=O)N*"),
        ("CS(=O)(=O)NC", "*NS(*)(=O)=O"),
        ("COC(C)OC", "*OC(*)O*"),  # acetal
        ("CSC(C)SC", "*SC(*)S*"),  # thioacetal
        ("CN(C)COC", "*OCN(*)*"),  # aminal
        ("CC1CO1", "*C1CO1"),  # epoxide
        ("CC1CN1", "*C1CN1"),  # aziridine
        ("CC1CS1", "*C1CS1"),  # thiirane
        ("CC#N", "*C#N"),
        ("CC=CC", "*C=C*"),
        ("C=CC(=O)C", "*C(=O)C=C"),  # a Michael acceptor is one group
        ("C[N+](=O)[O-]", "*[N+](=O)[O-]"),
        ("CN=[N+]=[N-]", "*N=[N+]=[N-]"),
        ("CC(F)(F)F", "*F"),
        ("CB(O)O", "*B(O)O"),
        ("C[Si](C)(C)C", "*[Si](*)(*)*"),
    ],
)
def test_functional_groups_are_those_of_ertl(smiles: str, group: str) -> None:
    assert group in groups(Graph.read(standardise(smiles)))


@pytest.mark.parametrize(
    ("smiles", "fragments"),
    [
        ("c1ccncc1", {"c1ccncc1"}),
        ("Cc1ccco1", {"Cc1ccco1", "*c1ccco1"}),
        ("O=c1cccc[nH]1", {"O=c1cccc[nH]1"}),
        ("[O-][n+]1ccccc1", {"[O-][n+]1ccccc1"}),
        ("CC(C)C", {"CC(C)C"}),
    ],
)
def test_aromatic_atoms_and_saturated_carbons_form_no_functional_group(smiles: str, fragments: set[str]) -> None:
    assert set(fragment(smiles).fragments) == fragments


def test_a_substructure_found_by_two_kinds_has_one_name() -> None:
    graph = Graph.read("CCOCc1ccncc1")
    assert leaves(graph) == {"*CC", "*O*", "*C*", "*c1ccncc1"}
    assert groups(graph) == {"*O*"}
    assert ring_systems(graph) == {"*c1ccncc1"}
    assert fragment("CCOCc1ccncc1").fragments == ("*C*", "*CC", "*O*", "*c1ccncc1")


def test_a_name_states_where_the_fragment_is_attached() -> None:
    para, meta = fragment("c1cc(C(=O)NC)ccc1OC"), fragment("c1c(C(=O)NC)cccc1OC")
    assert "*c1ccc(*)cc1" in para.fragments
    assert "*c1cccc(*)c1" in meta.fragments
    assert "*c1ccc(*)cc1" not in meta.fragments


def test_attachment_points_carry_no_label() -> None:
    for smiles, _, _ in KNOWN.values():
        for name in fragment(smiles).fragments:
            assert {atom.GetIsotope() for atom in Chem.MolFromSmiles(name).GetAtoms()} == {0}


@pytest.mark.parametrize("name", KNOWN)
def test_names_are_canonical_smiles(name: str) -> None:
    molecule = fragment(KNOWN[name][0])
    for text in (molecule.parent, molecule.scaffold, *molecule.fragments):
        assert Chem.MolToSmiles(Chem.MolFromSmiles(text)) == text


@given(name=st.sampled_from(sorted(KNOWN)), seed=st.integers(0, 2**31 - 1))
def test_the_order_of_atoms_in_the_text_changes_nothing(name: str, seed: int) -> None:
    smiles = KNOWN[name][0]
    mol = Chem.MolFromSmiles(smiles)
    order = list(range(mol.GetNumAtoms()))
    random.Random(seed).shuffle(order)  # noqa: S311 -- a permutation, not a secret
    shuffled = Chem.MolToSmiles(Chem.RenumberAtoms(mol, order), canonical=False)
    assert fragment(shuffled) == fragment(smiles)


@pytest.mark.parametrize("name", KNOWN)
def test_a_parent_is_its_own_parent_and_has_the_same_fragments(name: str) -> None:
    molecule = fragment(KNOWN[name][0])
    assert fragment(molecule.parent) == molecule


def test_threads_agree_with_one_thread() -> None:
    texts = [smiles for smiles, _, _ in KNOWN.values()] * 20
    barrier = threading.Barrier(4)

    def work(_: int) -> list[Molecule]:
        barrier.wait()
        return [fragment(text) for text in texts]

    alone = [fragment(text) for text in texts]
    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(work, range(4))) == [alone] * 4


def test_molecules_and_reasons_travel_between_processes() -> None:
    molecule = fragment("CCO")
    assert pickle.loads(pickle.dumps(molecule)) == molecule  # noqa: S301 -- our own bytes
    refusal = pickle.loads(pickle.dumps(Unfragmentable("no such thing")))  # noqa: S301 -- the same
    assert refusal.reason == "no such thing"


def test_the_version_tells_our_rules_and_rdkits() -> None:
    ours, _, theirs = FRAGMENTATION_VERSION.partition("+")
    assert ours.isdigit()
    assert theirs.startswith("rdkit-20")
