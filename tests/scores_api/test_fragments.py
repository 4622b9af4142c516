import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.store import smiles_like

from scores_api.failures import FragmentsUnknown
from scores_api.fragments import Fragments

NAMES = st.lists(st.text(max_size=12), unique=True, max_size=20)


def fragments(names: list[str], smiles: list[str | None] | None = None, shown: list[bool] | None = None) -> Fragments:
    count = len(names)
    return Fragments(
        run="r",
        names=names,
        smiles=smiles or [None] * count,
        support=[1] * count,
        scaffolds=[None] * count,
        shown=shown or [True] * count,
        heavy_atoms=[None] * count,
        rings=[None] * count,
        charge=[None] * count,
        logp=[None] * count,
    )


@given(NAMES)
def test_every_name_is_found_at_its_place(names: list[str]) -> None:
    assert fragments(names).find_all(names) == list(range(len(names)))


@given(NAMES, st.text(max_size=3))
def test_the_search_finds_what_a_plain_comparison_finds(names: list[str], query: str) -> None:
    found = list(fragments(names).search(query.upper(), after=-1, shown_only=False))
    if query.isascii():
        expected = [place for place, name in enumerate(names) if name.isascii() and query.casefold() in name.casefold()]
        assert [place for place in found if names[place].isascii()] == expected
    assert found == sorted(set(found))


@given(NAMES, st.integers(-1, 20))
def test_the_search_goes_on_behind_a_place(names: list[str], after: int) -> None:
    everything = list(fragments(names).search("a", after=-1, shown_only=False))
    assert list(fragments(names).search("a", after=after, shown_only=False)) == [each for each in everything if each > after]


def test_a_place_behind_the_end_has_nothing_after_it() -> None:
    assert list(fragments(["a"]).search("a", after=10, shown_only=False)) == []
    assert list(fragments(["a"]).search("", after=10, shown_only=False)) == []


def test_smiles_are_searched_as_well() -> None:
    known = fragments(["benzene", "phenol", "none"], smiles=["c1ccccc1", "Oc1ccccc1", None])
    assert list(known.search("OC1", after=-1, shown_only=False)) == [1]
    assert list(known.search("benzenec1", after=-1, shown_only=False)) == []


def test_the_end_of_one_name_and_the_begin_of_the_next_are_not_found_together() -> None:
    assert list(fragments(["ab", "cd"]).search("bc", after=-1, shown_only=False)) == []


def test_only_shown_fragments_are_found_where_these_are_asked_for() -> None:
    known = fragments(["a1", "a2", "a3"], shown=[True, False, True])
    assert list(known.search("a", after=-1, shown_only=True)) == [0, 2]
    assert list(known.search("", after=0, shown_only=True)) == [2]


def test_all_unknown_names_are_told_at_once() -> None:
    with pytest.raises(FragmentsUnknown) as raised:
        fragments(["fA", "fB"]).find_all(["fX", "fA", "fY"])
    assert raised.value.names == ["fX", "fY"]


def test_near_names_are_those_that_look_alike_whatever_the_case() -> None:
    known = fragments(["Phenol", "phenyl", "benzene", "PHENOL-2"])
    assert known.near("phenol")[0] == "Phenol"
    assert "benzene" not in known.near("phenol")


def test_near_names_are_found_among_thousands() -> None:
    names = smiles_like(5000)
    name = max(names, key=len)
    assert name in fragments(names).near(name[:-1])


@pytest.mark.parametrize("name", ["", "x" * 201, "x" * 100_000])
def test_no_time_is_spent_on_names_that_nobody_means(name: str) -> None:
    assert fragments(["x" * 300, "x"]).near(name) == []
