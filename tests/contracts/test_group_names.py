"""The reviewed list of groups."""

import re

import pytest
from rdkit import Chem

from chemistry.canonical import canonical
from contracts.group_names import GroupName, group_names

_JAPANESE = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]")


@pytest.fixture(scope="module")
def groups() -> tuple[GroupName, ...]:
    return group_names()


def test_there_are_a_few_hundred_groups(groups: tuple[GroupName, ...]) -> None:
    assert 300 <= len(groups) <= 600


def test_every_fragment_is_written_as_runs_write_it_and_is_attached_somewhere(groups: tuple[GroupName, ...]) -> None:
    for group in groups:
        for smiles in group.smiles:
            assert canonical(smiles) == smiles, group
            assert "*" in smiles, group
            assert "." not in smiles, group
            assert Chem.MolFromSmiles(smiles) is not None, group


def test_a_name_means_one_group(groups: tuple[GroupName, ...]) -> None:
    names = [name for group in groups for name in (*group.english, *group.japanese)]
    assert len(set(names)) == len(names)


def test_a_group_has_names_in_both_languages(groups: tuple[GroupName, ...]) -> None:
    for group in groups:
        assert all(_JAPANESE.search(name) for name in group.japanese), group
        assert not any(_JAPANESE.search(name) for name in group.english), group
        for name in (*group.english, *group.japanese):
            assert name == name.strip(), group


@pytest.mark.parametrize(
    ("name", "smiles"),
    [
        ("morpholine", "O1CCN(*)CC1"),
        ("モルホリン", "O1CCN(*)CC1"),
        ("tetrazole", "*c1nnn[nH]1"),
        ("CF3", "*C(F)(F)F"),
        ("carboxylic acid", "OC(*)=O"),
        ("sulfonamide", "*NS(*)(=O)=O"),
        ("nitro", "*N(=O)=O"),
        ("guanidine", "*NC(N)=N"),
        ("quinoline", "*c1ccnc2ccccc12"),
        ("β-lactam", "O=C1CCN1*"),
    ],
)
def test_names_mean_what_chemists_mean(groups: tuple[GroupName, ...], name: str, smiles: str) -> None:
    (group,) = (each for each in groups if name in (*each.english, *each.japanese))
    assert canonical(smiles) in group.smiles


def test_words_of_size_name_fragments_of_that_size(groups: tuple[GroupName, ...]) -> None:
    sizes = {"methyl": 1, "ethyl": 2, "propyl": 3, "butyl": 4, "pentyl": 5, "hexyl": 6, "heptyl": 7, "octyl": 8}
    heavy = {each.english[0]: Chem.MolFromSmiles(each.smiles[0]).GetNumHeavyAtoms() for each in groups}
    assert {name: heavy[name] for name in sizes} == sizes


@pytest.mark.parametrize(
    ("word", "element", "count"),
    [
        ("trifluoro", "F", 3),
        ("difluoro", "F", 2),
        ("fluoro", "F", 1),
        ("dichloro", "Cl", 2),
        ("chloro", "Cl", 1),
        ("bromo", "Br", 1),
        ("nitro", "N", 1),
        ("cyano", "N", 1),
        ("thi(?!oph)(?:a|o|en)", "S", 1),
        ("sulf", "S", 1),
        ("methoxy", "O", 1),
        ("hydroxy", "O", 1),
        ("(?<!thio)morpholin", "O", 1),
        ("pyrid|quinolin|pyrrol|pip[ei]r|indol|azol|azin", "N", 1),
        ("furan|furyl|furo", "O", 1),
        ("phosph", "P", 1),
        ("boron", "B", 1),
    ],
)
def test_names_state_elements_that_the_fragment_has(groups: tuple[GroupName, ...], word: str, element: str, count: int) -> None:
    said = [each for each in groups if re.search(word, each.english[0], re.IGNORECASE) and "piperonyl" not in each.english[0]]
    assert said
    for group in said:
        for smiles in group.smiles:
            symbols = [atom.GetSymbol() for atom in Chem.MolFromSmiles(smiles).GetAtoms()]
            assert symbols.count(element) >= count, group
