"""Questions before a run that learned from measured replacements: what `function` and replacements say of it."""

import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import numpy as np
import pytest
from tests.chatbot.fragments.asked import JA, answer_of, found_of, scores_api
from tests.support.replacing import replaceable_activity, replaced_of
from tests.support.store import Contents

from contracts.kinds import Objective
from prediction.model_file import write_arrays
from replacement.replacements import FILE
from trainer.evaluation.halves import halves
from trainer.replacements.learned import judged_halves, learn
from trainer.similarity.pairs import Likeness

pytestmark = pytest.mark.anyio
_MORPHOLINE = "*N1CCOCC1"


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A scores API with the replacements of a table in which each does what was laid into it."""
    activity = replaceable_activity()
    groups, events = replaced_of(activity)
    arrays, about = learn(events, groups, judged_halves(events, groups, halves(len(activity.compounds), seed=0), binary=False))
    with tempfile.TemporaryDirectory() as scratch:
        write_arrays(Path(scratch) / FILE, arrays, about)
        files = {FILE: (Path(scratch) / FILE).read_bytes()}
    draw = np.random.default_rng(0)
    fragments_FK, targets_TK = draw.normal(size=(len(activity.fragments), 3)), draw.normal(size=(3, 3))
    contents = Contents(
        data=activity.digest,
        source=activity.source,
        activity_kind=activity.kind,
        facts=activity.tables,
        canonical_FK=fragments_FK,
        canonical_TK=targets_TK,
        balanced_FK=fragments_FK,
        balanced_TK=targets_TK,
        replaced=(arrays, about),
        likeness=Likeness.of(activity).tables(),
        files=files,
    )
    yield from scores_api(tmp_path_factory.mktemp("measured"), contents, Objective.ACTIVITY)


async def test_replacements_tell_the_expected_change_its_interval_and_what_it_rests_on(measured: str) -> None:
    async with httpx.AsyncClient(trust_env=False) as http:
        address = f"{measured}/v1/fragments/{_MORPHOLINE.replace('*', '%2A')}/replacements"
        items = (await http.get(address, params={"limit": 4})).json()["items"]
    found = await found_of(measured, "top 4 replacements of morpholine")
    assert found is not None
    assert found.text.startswith(
        f"In place of morpholine ({_MORPHOLINE}), what is expected to change activity least:\n1. hydrogen"
    )
    for line, item in zip(found.text.splitlines()[1:5], items, strict=True):
        interval = f"(90 % interval {item['low']:.2f} to {item['high']:.2f})"
        said = f"expected change {item['expected_change']:.2f} {interval}; within threefold in {item['percent']:.0f} %; "
        pairs = f"measured on {item['swaps']} pairs" if item["swaps"] else "not measured, from what similar replacements did"
        assert said + pairs in line
    assert [each["expected_change"] for each in found.facts["items"]] == [item["expected_change"] for item in items]
    assert [each["basis"] for each in found.facts["items"]] == [item["basis"] for item in items]


async def test_replacements_are_told_in_japanese(measured: str) -> None:
    told = str(await answer_of(measured, "モルホリンの代わりになるものは？", JA))
    assert told.startswith(
        f"モルホリン（{_MORPHOLINE}）の代わりの候補です。活性の変化が小さいと見込まれる順です。\n1. 水素（*[H]）："
    )
    assert re.search(r"見込まれる変化0\.\d\d（90 %区間 0\.\d\d〜0\.\d\d）、3倍以内に収まる割合\d+ %、化合物12組の実測", told)


async def test_a_swap_is_told_by_what_it_is_expected_to_change(measured: str) -> None:
    async with httpx.AsyncClient(trust_env=False) as http:
        items = (await http.get(f"{measured}/v1/fragments/%2ACl/replacements", params={"limit": 50})).json()["items"]
    told = {
        item["name"]: f"expected change {item['expected_change']:.2f} (90 % interval {item['low']:.2f} to" for item in items
    }
    for message, name, said in (
        ("what happens if I swap Cl for CN?", "*C#N", "cyano (*C#N) in place of chloro (*Cl): "),
        ("Can I swap the Cl for a methyl?", "*C", "methyl (*C) in place of chloro (*Cl): "),
        ("replace Cl by H", "*[H]", "hydrogen (*[H]) in place of chloro (*Cl): "),
        ("what if I remove the chlorine?", "*[H]", "hydrogen (*[H]) in place of chloro (*Cl): "),
        ("compare Cl and methyl", "*C", "methyl (*C) in place of chloro (*Cl): "),
    ):
        found = await found_of(measured, message)
        assert found is not None
        assert found.text.startswith(f"{said}{told[name]}"), found.text
        assert "; measured on 12 pairs of compounds." in found.text
        assert "not tried in your molecule" in found.text
        (pair,) = found.facts["pairs"]
        assert (pair["one"], pair["two"], pair["swaps"]) == ("*Cl", name, 12)
    japanese = str(await answer_of(measured, "ClをFに置き換えたら？", JA))
    assert japanese.startswith("クロロ（*Cl）をフルオロ（*F）に置き換える場合、見込まれる変化0.")
    why = str(await answer_of(measured, "swap Cl for methyl || why?"))
    assert "methyl (*C) in " in why
    assert "measured: chloro (*Cl) is in 12 of 108" in str(await answer_of(measured, "replace Cl by H || why?"))
    assert told["*C"] in why


async def test_what_is_no_fragment_and_has_replacements_is_told_of_them(measured: str) -> None:
    assert str(await answer_of(measured, "what can replace methyl?")).startswith("In place of methyl (*C), what is expected")
    missing = str(await answer_of(measured, "what is like methyl?"))
    assert missing.startswith(
        "The current run has no fragment methyl (*C). But it tells what replacing methyl changes: ask what"
    )
    assert "「メチルの代わりは？」" in str(await answer_of(measured, "メチルに似ているのは？", JA))
    assert "But it tells" not in str(await answer_of(measured, "what is like azocane?"))


async def test_replacements_by_another_similarity_are_told_as_what_is_alike(measured: str) -> None:
    for message in ("what can replace chloro by structure?", "what can replace chloro? || and by structure?"):
        assert str(await answer_of(measured, message)).startswith("Most like chloro (*Cl) in structure:")


async def test_a_name_means_what_has_as_many_open_ends(measured: str) -> None:
    told = str(await answer_of(measured, "tell me about phenyl"))
    assert told.startswith("phenyl (*c1ccccc1) is in 5 compounds of run ")
    assert "(the run also has *c1ccc(*)cc1)" in told


@pytest.mark.parametrize(
    ("message", "english", "japanese"),
    [
        ("what is like chloro?", "stays within threefold when one takes", "活性の変化が3倍以内に収まる割合です"),
        ("how similar are chloro and bromo?", "stays within threefold when one takes", "活性の変化が3倍以内に収まる割合です"),
        ("tell me about chloro", "stays within threefold when one takes", "活性の変化が3倍以内に収まる割合です"),
        ("what does function mean?", "60 of 100 such replacements", "置き換え100回のうち60回は"),
        ("what can replace chloro? || why?", "; measured on 12 pairs of compounds. ", "、化合物12組の実測です。"),
    ],
)
async def test_answers_say_what_function_means_in_this_run(measured: str, message: str, english: str, japanese: str) -> None:
    told = str(await answer_of(measured, message))
    assert english in told
    assert "cosine" not in told.lower()
    said = str(await answer_of(measured, message, JA))
    assert japanese in said
    assert "コサイン" not in said


async def test_a_kind_that_the_run_does_not_tell_is_refused(measured: str) -> None:
    assert str(await answer_of(measured, "what is like chloro on the heat map?")).startswith("The run cannot tell: ")
