"""The same compound written in many ways is one parent; what is no compound is refused with a reason."""

import re

import pytest
from rdkit import Chem

from chemistry import Unfragmentable, fragment
from chemistry.standardisation import BOUNDS, CHARACTERS, standardise


@pytest.mark.parametrize(
    ("written", "parent"),
    [
        ("OCC", "CCO"),
        ("  CCO\n", "CCO"),
        ("CC(=O)[O-].[Na+]", "CC(=O)O"),
        ("CC(=O)O[Na]", "CC(=O)O"),  # a salt drawn with a bond
        ("CCN.Cl", "CCN"),
        ("C[NH3+].[Cl-]", "CN"),
        ("[NH3+]CC(=O)[O-]", "NCC(=O)O"),  # zwitterion
        ("C[N+](C)(C)CC(=O)[O-]", "C[N+](C)(C)CC(=O)[O-]"),  # betaine: neutral as a whole, so it stays
        ("C[N+](C)(C)C.[Br-]", "C[N+](C)(C)C"),  # quaternary: nothing to take away
        ("c1cc[nH+]cc1.[Cl-]", "c1ccncc1"),
        ("[Na+].c1nnn[n-]1", "c1nnn[nH]1"),
        ("OC(=O)c1ccccc1.CCN", "O=C(O)c1ccccc1"),  # of two organic parts the larger
        ("CC.[Fe+2].[O-]S(=O)(=O)[O-]", "CC"),  # of a large inorganic and a small organic part the organic
        ("N[C@@H](C)C(=O)O", "CC(N)C(=O)O"),
        ("C/C=C/C", "CC=CC"),
        ("[13CH3]O", "CO"),
        ("[2H]C([2H])([2H])O", "CO"),
        ("[H]OC", "CO"),
        ("[CH3:1][OH:2]", "CO"),
        ("CN(=O)=O", "C[N+](=O)[O-]"),
        ("C[S+](C)[O-]", "CS(C)=O"),
        ("C[S+2](C)([O-])[O-]", "CS(C)(=O)=O"),
        ("C[P+](C)(C)[O-]", "CP(C)(C)=O"),
        ("C1=CC=CC=C1", "c1ccccc1"),
        ("O=n1ccccc1", "[O-][n+]1ccccc1"),
        ("CCCC[Sn](CCCC)(CCCC)OC(C)=O", "CCC[CH2][Sn+]([CH2]CCC)[CH2]CCC"),  # the acetate goes, the butyls stay
        ("C[Zn]C", "[CH3][Zn][CH3]"),  # bonds between metals and carbon are no salt
    ],
)
def test_ways_of_writing_a_compound_have_one_parent(written: str, parent: str) -> None:
    assert standardise(written) == parent
    assert standardise(parent) == parent


@pytest.mark.parametrize(
    ("written", "drug"),
    [
        ("CNCC(O)C(O)C(O)C(O)CO.CC(=O)Oc1ccccc1C(=O)O", "CC(=O)Oc1ccccc1C(=O)O"),  # as many heavy atoms, and the lighter
        ("CCCCCCCCCCCCCCCCCC(=O)O.CN1CCN(c2ccccc2)CC1", "CN1CCN(c2ccccc2)CC1"),  # the counter-ion is the larger
        ("OC(=O)c1cc2ccccc2c(Cc2c(O)c(cc3ccccc23)C(=O)[O-])c1O.C[NH+]1CCN(c2ccccc2)CC1", "CN1CCN(c2ccccc2)CC1"),
        ("CN1CCN(c2ccccc2)CC1.O.CCO", "CN1CCN(c2ccccc2)CC1"),
        ("[Na+].[O-]C(=O)c1ccccc1", "O=C(O)c1ccccc1"),  # alone with its metal, a counter-ion is the compound
        ("CC(=O)O.OC(=O)c1ccccc1", "O=C(O)c1ccccc1"),  # both are counter-ions: the larger
        ("Cc1cc(C(=O)O)ncn1.CN1CCN(c2ccccc2)CC1", "CN1CCN(c2ccccc2)CC1"),  # neither is: the larger
    ],
)
def test_the_drug_is_the_parent_not_its_counter_ion_or_solvent(written: str, drug: str) -> None:
    assert standardise(written) == standardise(drug)
    assert standardise(".".join(reversed(written.split(".")))) == standardise(drug)


@pytest.mark.parametrize(
    "text",
    ["CCOC(=O)c1ccccc1 mol0", "CCOC(=O)c1ccccc1 |c:1,4| a name", "InChI=1S/C9H10O2/c1-2-11-9(10)8-6-4-3-5-7-8/h3-7H,2H2,1H3"],
)
def test_a_molecule_may_be_written_with_its_name_as_cxsmiles_or_as_inchi(text: str) -> None:
    assert standardise(text) == "CCOC(=O)c1ccccc1"


@pytest.mark.parametrize(
    "smiles", ["CC(=O)Nc1ccc(O)cc1", "CCNC(=O)c1ccccc1", "NC(=O)CC(=O)NC", "CC(=S)Nc1ccccc1", "NC(N)=O", "OC(=O)c1ccccc1"]
)
def test_an_inchi_is_read_as_people_draw_amides(smiles: str) -> None:
    inchi = Chem.MolToInchi(Chem.MolFromSmiles(smiles))  # type: ignore[no-untyped-call]  # RDKit leaves it bare
    assert standardise(inchi) == standardise(smiles)


def test_tautomers_stay_as_drawn() -> None:
    assert standardise("Oc1ccccn1") != standardise("O=c1cccc[nH]1")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty SMILES"),
        (" \t\n", "empty SMILES"),
        ("InChI=1S/C9H10", "not an InChI"),
        ("aspirin", "not a SMILES"),
        ("CC(C", "not a SMILES"),
        ("C1CC", "not a SMILES"),
        ("C\0C", "not a SMILES"),
        ("C😀", "not a SMILES"),
        ("С", "not a SMILES"),  # a Cyrillic letter
        ("C(C)(C)(C)(C)C", "atom 1 (C) has more bonds than it can have"),
        ("CN(C)(C)C", "atom 2 (N) has more bonds than it can have"),
        ("Cc", "atom 2 (C) is written as aromatic but is in no ring"),
        ("c1cccc1", "an aromatic ring in which double bonds cannot be placed"),
        ("[Na+].[Cl-]", "no organic part: no atom is carbon"),
        ("N", "no organic part: no atom is carbon"),
        ("*CC", "an open attachment point (*)"),
        ("[1*]c1ccccc1", "an open attachment point (*)"),
        ("[Fe+2].c1cc[cH-]c1.c1cc[cH-]c1", "an organometallic compound: without the metal its organic part is a carbanion"),
    ],
)
def test_what_is_no_compound_is_refused_with_a_plain_reason(text: str, reason: str) -> None:
    with pytest.raises(Unfragmentable) as refusal:
        fragment(text)
    assert refusal.value.reason == reason


def _cycloparaphenylene(rings: int) -> str:
    return "C1" + "c2ccc(cc2)" * rings + "1"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("C" * (CHARACTERS + 1), f"more than {CHARACTERS} characters"),
        ("C" * (BOUNDS.atoms + 1), f"more than {BOUNDS.atoms} atoms"),
        (".".join(["[H][H]"] * BOUNDS.atoms + ["C"]), f"more than {BOUNDS.atoms} atoms"),
        ("C1CC1" * (BOUNDS.rings + 1), f"more than {BOUNDS.rings} rings"),
        (_cycloparaphenylene(80), "a macrocycle through more than 12 rings"),  # RDKit alone would list 2^80 rings
        ("(" * CHARACTERS, "not a SMILES"),
        ("C1" * 3000, "not a SMILES"),
    ],
)
def test_texts_out_of_bounds_are_refused_before_they_cost_time(text: str, reason: str) -> None:
    with pytest.raises(Unfragmentable, match=f"^{re.escape(reason)}$"):
        fragment(text)


@pytest.mark.parametrize(
    "text",
    [
        "C" * BOUNDS.atoms,
        "C1CC1" * BOUNDS.rings,
        _cycloparaphenylene(BOUNDS.rings_in_macrocycle),
        "NC(Cc1ccccc1)C(=O)NC(CCC(=O)[O-])C(=O)NC(C(C)CC)C(=O)" * 17,
        # buckminsterfullerene
        "c12c3c4c5c1c1c6c7c2c2c8c3c3c9c4c4c%10c5c5c1c1c6c6c%11c7c2c2c7c8c3c3c8c9c4c4c9c%10c5c5c1c1c6c6c%11c2c2c7c3c3c8c4c4c9c5c1c1c6c2c3c41",
    ],
)
def test_large_molecules_within_bounds_are_fragmented(text: str) -> None:
    assert fragment(text).fragments


@pytest.mark.parametrize("text", ["CC(C", "c1cccc1", "CN(C)(C)C"])
def test_rdkit_writes_nothing_about_bad_input(text: str, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(Unfragmentable):
        fragment(text)
    assert capfd.readouterr() == ("", "")


def test_rdkit_writes_nothing_while_it_standardises(capfd: pytest.CaptureFixture[str]) -> None:
    standardise("CC(=O)O[Na].[H]Cl")
    assert capfd.readouterr() == ("", "")
