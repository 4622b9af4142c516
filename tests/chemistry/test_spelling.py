"""The names that a fragment in any spelling may have."""

import pytest

from chemistry.spelling import names_of
from chemistry.unfragmentable import Unfragmentable


@pytest.mark.parametrize(
    "spelled",
    ["*N1CCOCC1", "[*]N1CCOCC1", "[*:1]N1CCOCC1", "[1*]N1CCOCC1", "[R1]N1CCOCC1", "O1CCN(*)CC1", "-N1CCOCC1", "C1CN(*)CCO1"],
)
def test_every_spelling_is_the_same_fragment(spelled: str) -> None:
    assert names_of(spelled) == ("*N1CCOCC1",)


def test_a_molecule_may_be_attached_wherever_it_has_a_hydrogen() -> None:
    assert names_of("O1CCNCC1") == ("C1COCCN1", "*C1COCCN1", "*C1CNCCO1", "*N1CCOCC1")
    assert names_of("C1=CC=CC=C1") == ("c1ccccc1", "*c1ccccc1")
    assert set(names_of("c1cc[nH]c1")) == {"c1cc[nH]c1", "*n1cccc1", "*c1ccc[nH]1", "*c1cc[nH]c1"}


def test_stereo_isotopes_and_hydrogens_written_as_atoms_make_no_other_fragment() -> None:
    assert names_of("*[C@H](C)O") == names_of("*C(C)O")
    assert names_of("*C([2H])([2H])[2H]") == ("*C",)


@pytest.mark.parametrize("text", ["", "hello", "C1CC", "c1cccc1", "C(C)(C)(C)(C)C", "x" * 600, "C" * 400])
def test_what_is_no_fragment_is_refused(text: str) -> None:
    with pytest.raises(Unfragmentable):
        names_of(text)
