"""The view that an address carries."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.kinds import SimilarityKind
from viz.failures import NotOffered
from viz.view import View, meaning

_WORDS = st.text(min_size=1, max_size=40).filter(lambda text: text.strip() == text)


@given(run=_WORDS, fragment=_WORDS, similarity=st.sampled_from(SimilarityKind), nearest=st.sampled_from(["15", "100"]))
def test_any_view_survives_the_address(run: str, fragment: str, similarity: SimilarityKind, nearest: str) -> None:
    targets = {"target": fragment, "keep": (run, f"{run}, 2"), "lose": (fragment,)}
    view = View(run=run, fragment=fragment, compound=fragment, similarity=similarity, nearest=nearest, by=run, **targets)  # type: ignore[arg-type]
    assert View.of(view.search) == view
    assert View.repaired(view.search) == view


def test_another_fragment_has_other_pairs() -> None:
    assert View(fragment="*Cl", by="*F", target="a").choosing("*Br") == View(fragment="*Br", target="a")


def test_the_default_view_needs_no_query() -> None:
    assert View().search == ""
    assert View.of("") == View.of(None) == View()


def test_smiles_keep_their_signs() -> None:
    search = View(fragment="C#N/C=C\\[N+](=O)%10").search
    assert search == "?fragment=C%23N%2FC%3DC%5C%5BN%2B%5D%28%3DO%29%2510"
    assert View.of(search).fragment == "C#N/C=C\\[N+](=O)%10"


@pytest.mark.parametrize(
    ("search", "sentence"),
    [
        ("?similarity=smell", "similarity “smell”; there is function, balanced, structure, coassay"),
        ("?plane=99", "plane “99”; there is 12, 13, 23"),
        ("?run=r&nearest=7", "nearest “7”; there is 15, 30, 60, 100"),
    ],
)
def test_an_address_that_asks_for_what_is_not_offered_is_refused_with_what_is(search: str, sentence: str) -> None:
    with pytest.raises(NotOffered, match=sentence):
        View.of(search)


def test_links_beside_what_is_refused_keep_the_rest_of_the_address() -> None:
    assert View.repaired("?similarity=smell&run=r&plane=13&other=1") == View(run="r", plane="13")


def test_each_similarity_of_the_contract_is_offered_and_has_a_sentence() -> None:
    assert {value for value, _, _ in View().offers("similarity")} == set(SimilarityKind)
    sentences = [meaning(kind) for kind in SimilarityKind]
    assert len(set(sentences)) == len(sentences)
    assert all(sentence.count(".") == 1 and sentence.endswith(".") for sentence in sentences)


def test_a_choice_offers_each_value_once_and_marks_the_present_one() -> None:
    offers = View(fragment="fB").offers("similarity")
    assert [(value, here) for value, _, here in offers] == [(kind, False) for kind in SimilarityKind]
    chosen = View(similarity=SimilarityKind.STRUCTURE).offers("similarity")
    assert [value for value, _, here in chosen if here] == [SimilarityKind.STRUCTURE]
    assert all(view.fragment == "fB" for _, view, _ in offers)
