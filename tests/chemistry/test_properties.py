"""What lists are filtered by and maps are coloured by, of structures whose answers are known."""

import pytest

from chemistry.properties import Properties, properties


@pytest.mark.parametrize(
    ("smiles", "heavy_atoms", "rings", "charge"),
    [
        ("*c1ccccc1", 6, 1, 0),
        ("*C12CC(C1)C2", 5, 2, 0),  # bicyclo[1.1.1]pentane
        ("*N1CCN2CCC1CC2", 9, 2, 0),
        ("C12C3C4C1C5C2C3C45", 8, 5, 0),  # cubane
        ("*C[N+](C)(C)C", 5, 0, 1),
        ("[2H]C([2H])*", 1, 0, 0),
    ],
)
def test_atoms_rings_and_charge_are_those_of_the_structure(smiles: str, heavy_atoms: int, rings: int, charge: int) -> None:
    found = properties(smiles)
    assert found is not None
    assert (found.heavy_atoms, found.rings, found.charge) == (heavy_atoms, rings, charge)


def test_what_is_greasy_has_more_logp() -> None:
    greasy, polar = properties("*CCCCCC"), properties("*C(=O)O")
    assert isinstance(greasy, Properties)
    assert isinstance(polar, Properties)
    assert greasy.logp > polar.logp + 1


def test_what_is_no_structure_has_none() -> None:
    assert properties("fragment 7") is None
