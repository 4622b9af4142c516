"""Molecules with one fragment in the place of another."""

import pytest

from chemistry import Unfragmentable
from chemistry.cuts import HYDROGEN, double_cuts, opened, single_cuts
from chemistry.graph import Graph
from chemistry.standardisation import standardise
from chemistry.substitution import Place, atom_of_parent, places, substituted


def place_of(parent: str, fragment: str) -> Place:
    return next(place for place in places(parent) if place.fragment == fragment)


@pytest.mark.parametrize(
    ("molecule", "old", "new", "wanted"),
    [
        ("Clc1ccccc1CN", "*Cl", "*F", "Fc1ccccc1CN"),
        ("Clc1ccccc1CN", "*Cl", HYDROGEN, "c1ccccc1CN"),
        ("OC(=O)c1ccccc1", "*C(=O)O", "*c1nnn[nH]1", "c1ccccc1-c1nnn[nH]1"),
        ("Cn1cccc1", "*C", HYDROGEN, "c1cc[nH]c1"),
        ("O=C(NCc1ccccc1)c1ccncc1", "*c1ccncc1", "*c1ccsc1", "O=C(NCc1ccccc1)c1ccsc1"),
    ],
)
def test_one_fragment_takes_the_place_of_another(molecule: str, old: str, new: str, wanted: str) -> None:
    parent = standardise(molecule)
    assert substituted(parent, place_of(parent, old), new) == [standardise(wanted)]


def test_a_hydrogen_is_replaced_where_it_is() -> None:
    parent = standardise("c1ccncc1")
    products = {
        product for place in places(parent) if place.fragment == HYDROGEN for product in substituted(parent, place, "*Cl")
    }
    assert products == {standardise(f"{smiles}") for smiles in ("Clc1ccncc1", "Clc1cccnc1", "Clc1ccccn1")}


def test_a_linker_takes_the_place_of_another_the_way_its_ends_are_like_the_others() -> None:
    """As it is paired: of a way that is never paired nothing was measured."""
    parent = standardise("Clc1ccc(NC(=O)c2ccncc2)cc1")
    amide = place_of(parent, "*NC(*)=O")
    assert substituted(parent, amide, "*OC(*)=O") == [standardise("Clc1ccc(OC(=O)c2ccncc2)cc1")]
    assert substituted(parent, amide, "*CC(*)=O") == [standardise("Clc1ccc(CC(=O)c2ccncc2)cc1")]
    assert substituted(parent, amide, "*NS(*)(=O)=O") == [standardise("Clc1ccc(NS(=O)(=O)c2ccncc2)cc1")]
    assert substituted(parent, amide, "*Cl") == []


def test_open_ends_that_are_equally_like_the_others_fit_either_way() -> None:
    parent = standardise("COCc1ccc(N2CCOCC2)cc1")
    phenylene = place_of(parent, "*c1ccc(*)cc1")
    ways = ("COCc1ccc(N2CCOCC2)nc1", "COCc1ccc(N2CCOCC2)cn1")
    assert set(substituted(parent, phenylene, "*c1ccc(*)nc1")) == {standardise(way) for way in ways}
    urea = place_of(parent := standardise("Clc1ccc(NC(=O)Nc2ccncc2)cc1"), "*NC(=O)N*")
    ways = ("Clc1ccc(NC(=O)c2ccncc2)cc1", "Clc1ccc(C(=O)Nc2ccncc2)cc1")
    assert set(substituted(parent, urea, "*NC(*)=O")) == {standardise(way) for way in ways}


def test_three_open_ends_fit_as_those_of_two_do() -> None:
    parent = standardise("O=C(c1ccncc1)N(c1ccc(Cl)cc1)CCc1ccsc1")
    amide = next(place for place in places(parent) if place.fragment.count("*") == 3 and "N" in place.fragment)
    assert parent in substituted(parent, amide, amide.fragment)
    assert len(substituted(parent, amide, amide.fragment)) < 6


def test_a_fragment_of_more_open_ends_than_can_be_tried_in_every_order_is_refused() -> None:
    parent = standardise("FC(F)(F)c1c(F)c(Cl)c(Br)c(O)c1N")
    six = Place("*c1c(*)c(*)c(*)c(*)c1*", ())
    with pytest.raises(ValueError, match="more than 5 open ends"):
        substituted(parent, six, "*c1c(*)c(*)c(*)c(*)n1*")


def test_what_was_cut_is_put_together_again() -> None:
    parent = standardise("Cc1ccc(-c2cc(C(F)(F)F)nn2-c2ccc(S(N)(=O)=O)cc2)cc1")
    graph = Graph.read(parent)
    for cut in single_cuts(graph, opened(graph)):
        assert substituted(parent, place_of(parent, cut.group), cut.group) == [parent]
    for linker in double_cuts(graph, opened(graph)):
        assert parent in substituted(parent, place_of(parent, linker.name), linker.name)


def test_atoms_are_counted_as_they_were_written() -> None:
    parent = standardise("N(C)c1ccc(Cl)cc1")
    place = place_of(parent, "*Cl")
    assert (atom_of_parent("N(C)c1ccc(Cl)cc1", 6),) == place.atoms
    with pytest.raises(Unfragmentable, match="another molecule"):
        atom_of_parent("C[NH3+].[Cl-]", 0)
    with pytest.raises(IndexError):
        atom_of_parent("CC", 2)


def test_what_is_no_fragment_is_refused() -> None:
    with pytest.raises(ValueError, match="no fragment"):
        substituted("CC", Place("*C", (0,)), "*c1cc")
