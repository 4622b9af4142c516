"""The registry is what the changes of all commits come to, in their order."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from published.changes import CURRENT, Change, Marks, read_change, state_change
from published.publications import Commit, Publication
from published.registry import Registry

NOW = datetime(2026, 12, 1, tzinfo=UTC)


def published(run: str, change: Change | None = None, kind: str = "factors") -> Commit:
    return Commit(0, run, Publication(run, kind, "d", {}, {"factors": run}, NOW), change=change)


def changed(**members: object) -> Commit:
    return Commit(0, None, None, change=replace(Change(NOW), **members))  # type: ignore[arg-type]


def test_a_run_whose_commit_says_nothing_takes_current_and_a_bot_does_not() -> None:
    assert Registry.of([published("a"), published("b"), published("bot", kind="dialogue")]).names(CURRENT) == "b"


def test_a_run_whose_commit_moves_nothing_does_not_and_says_why() -> None:
    known = Registry.of([published("a"), published("b", Change(NOW, reason="other data"))])
    assert (known.names(CURRENT), known.decisions) == ("a", {"b": "other data"})


def test_an_alias_goes_back_the_way_it_came() -> None:
    moves = [changed(aliases={"best": run}) for run in ("a", "b", "b", "c")]
    back = changed(rolled_back=("best",))
    assert [Registry.of([*moves, *[back] * times]).names("best") for times in range(4)] == ["c", "b", "a", None]
    assert Registry.of([*moves, changed(aliases={"best": None})]).names("best") is None


def test_marks_are_of_one_run_and_the_last_count() -> None:
    known = Registry.of(
        [changed(marks={"a": Marks(name="x"), "b": Marks(note="n")}), changed(marks={"a": Marks(name="y", tags=("t",))})]
    )
    assert (known.marks_of("a"), known.marks_of("b"), known.marks_of("c")) == (
        Marks(name="y", tags=("t",)),
        Marks(note="n"),
        Marks(),
    )
    assert (known.run_of("y"), known.run_of("x")) == ("a", None)


def test_a_deleted_run_has_no_name_and_no_alias_goes_back_to_it_until_it_is_published_again() -> None:
    before = [published("a"), published("b"), published("c"), changed(marks={"b": Marks(name="x")}), changed(deleted=("b",))]
    known = Registry.of(before)
    assert (set(known.deleted), known.run_of("x"), known.aliases[CURRENT]) == ({"b"}, None, ("a", "c"))
    again = Registry.of([*before, published("b", Change(NOW))])
    assert (set(again.deleted), again.names(CURRENT)) == (set(), "c")


def test_an_alias_names_no_run_twice_in_a_row_where_the_one_between_was_deleted() -> None:
    moves = [changed(aliases={"best": run}) for run in ("z", "a", "b", "a")]
    gone = [*moves, changed(deleted=("b",))]
    assert Registry.of(gone).aliases["best"] == ("z", "a")
    assert Registry.of([*gone, changed(rolled_back=("best",))]).names("best") == "z"


def test_what_an_alias_ever_named_stays_known() -> None:
    moves = [published("a"), changed(aliases={CURRENT: "b"}), changed(rolled_back=(CURRENT,)), changed(deleted=("b",))]
    assert Registry.of([*moves, changed(aliases={"best": "a"}), changed(aliases={"best": None})]).named == {
        CURRENT: {"a", "b"},
        "best": {"a"},
    }


def test_a_change_is_read_as_it_was_stated() -> None:
    change = Change(
        NOW,
        {"best": "a", "old": None},
        ("current",),
        {"a": Marks("n", ("t", "u"), "note\nof two lines", pinned=True)},
        ("z",),
        "why",
    )
    assert read_change(state_change(change)) == change


@pytest.mark.parametrize("alias", ["", "UP", "a/b", "-a", "a" * 65])
def test_what_is_no_alias_is_not_read(alias: str) -> None:
    with pytest.raises(ValueError, match="no alias"):
        read_change(state_change(Change(NOW, {alias: "a"})))
