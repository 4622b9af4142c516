"""The view that an address carries."""

from hypothesis import given
from hypothesis import strategies as st

from viz.view import View

_WORDS = st.text(min_size=1, max_size=40).filter(lambda text: text.strip() == text)


@given(
    run=_WORDS, fragment=_WORDS, similarity=st.sampled_from(["balanced", "function"]), nearest=st.sampled_from(["15", "100"])
)
def test_any_view_survives_the_address(run: str, fragment: str, similarity: str, nearest: str) -> None:
    view = View(run=run, fragment=fragment, compound=fragment, similarity=similarity, nearest=nearest)  # type: ignore[arg-type]  # sampled
    assert View.of(view.search) == view


def test_the_default_view_needs_no_query() -> None:
    assert View().search == ""
    assert View.of("") == View.of(None) == View()


def test_smiles_keep_their_signs() -> None:
    search = View(fragment="C#N/C=C\\[N+](=O)%10").search
    assert search == "?fragment=C%23N%2FC%3DC%5C%5BN%2B%5D%28%3DO%29%2510"
    assert View.of(search).fragment == "C#N/C=C\\[N+](=O)%10"


def test_what_is_not_offered_becomes_the_default() -> None:
    assert View.of("?similarity=nonsense&plane=99&nearest=7&other=1") == View()


def test_a_choice_offers_each_value_once_and_marks_the_present_one() -> None:
    offers = View(fragment="fB").offers("similarity")
    assert [(value, here) for value, _, here in offers] == [("balanced", True), ("function", False)]
    assert all(view.fragment == "fB" for _, view, _ in offers)
