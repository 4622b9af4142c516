"""Descriptors of fragments."""

import numpy as np
import pytest

from chemistry.descriptors import described
from chemistry.ends import attachments
from contracts.descriptors import BIT_KINDS, DESCRIPTORS


def numbers(name: str) -> dict[str, float]:
    return dict(zip(DESCRIPTORS, described(name).numbers_D.tolist(), strict=True))


@pytest.mark.parametrize(
    ("name", "ends"), [("*Cl", (1, 0)), ("*NC(*)=O", (2, 0)), ("*=C1CCC(=*)N1", (2, 2)), ("*C=*", (2, 1)), ("CCO", (0, 0))]
)
def test_open_ends_are_counted_by_their_bonds(name: str, ends: tuple[int, int]) -> None:
    assert attachments(name) == ends
    assert (numbers(name)["attachments"], numbers(name)["double attachments"]) == ends


def test_open_ends_are_no_atoms_of_the_fragment() -> None:
    assert numbers("*[H]")["heavy atoms"] == 0
    assert numbers("*C(=O)O")["heavy atoms"] == 3
    assert numbers("*C")["sp3 carbons"] == 1


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("*C(=O)O", "acids"),
        ("*c1nnn[nH]1", "acids"),
        ("*N(C)C", "bases"),
        ("*c1cccnc1", "weak bases"),
        ("*S(N)(=O)=O", "weak acids"),
        ("*S(C)(=O)=O", "sulfonyls"),
    ],
)
def test_acids_and_bases_are_told(name: str, kind: str) -> None:
    assert numbers(name)[kind] == 1


def test_bits_are_few_for_what_is_small_and_the_same_for_what_is_the_same() -> None:
    small, large = described("*F").bits_KW, described("*c1ccc2ccccc2c1").bits_KW
    assert small.shape == (len(BIT_KINDS), 16)
    assert (np.bitwise_count(small).sum(axis=1) < np.bitwise_count(large).sum(axis=1)).all()
    np.testing.assert_array_equal(described("*c1ccncc1").bits_KW, described("c1cc(*)ccn1").bits_KW)


def test_what_is_no_fragment_is_refused() -> None:
    with pytest.raises(ValueError, match="no fragment"):
        described("*c1cc")
