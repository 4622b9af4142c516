"""Questions about fragments before a real scores API, and before none."""

import json
import re
from collections.abc import AsyncIterator, Iterator
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
import structlog
from pydantic import SecretStr
from tests.chatbot.fragments.asked import EN, JA, RUN, VIZ, answer_of, found_of, scores_api
from tests.support.store import five_fragments, named_fragments

from chatbot.fragments.answering import FragmentAnswers
from chatbot.fragments.finding import Answered
from chatbot.fragments.scores import FragmentScores
from contracts.kinds import Objective
from dialogue.bundle import Language

pytestmark = pytest.mark.anyio
_KEY = "nt_" + 40 * "k"

_NO_STRUCTURE = {"heavy_atoms": None, "rings": None, "charge": None, "logp": None}


@pytest.fixture(scope="module")
def five(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A scores API with the built-in five fragments."""
    yield from scores_api(tmp_path_factory.mktemp("five"), five_fragments())


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """One with names that are easily confused."""
    names = ["fB", "FB", "benzene", "Aspirin", "c1ccccc1", "C/C=C/C", "a b & c", "50%", "#1", "エタノール"]
    yield from scores_api(tmp_path_factory.mktemp("odd"), named_fragments(names))


@pytest.fixture(scope="module")
def groups(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """One whose fragments are groups with common names."""
    names = ["*N1CCOCC1", "*N1CCCCC1", "*c1ccccc1", "*C(=O)O", "*C1CNCCO1"]
    yield from scores_api(tmp_path_factory.mktemp("groups"), named_fragments(names))


@pytest.fixture(scope="module")
def nothing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """One without a run."""
    yield from scores_api(tmp_path_factory.mktemp("nothing"), None)


async def test_what_is_like_a_fragment_is_told_in_percent_with_a_link(five: str) -> None:
    told = await answer_of(five, "what is like fB?")
    assert told is not None
    assert told.startswith("Most like fB by balanced factors, as on the heat map:\n1. fC: ")
    assert [line[:5] for line in told.splitlines()[1:5]] == [
        f"{place}. {name}" for place, name in enumerate(["fC", "fD", "fE", "fA"], 1)
    ]
    link = urlsplit(told.split()[-1])
    assert (link.netloc, link.path) == ("viz.example:8050", "/fragments")
    view = parse_qs(link.query)
    assert view["fragment"] == ["fB"]
    assert view["similarity"] == ["balanced"]
    assert view["run"][0].startswith("factors-")


async def test_the_numbers_are_those_of_the_api(five: str) -> None:
    async with httpx.AsyncClient(trust_env=False) as http:
        items = (await http.get(f"{five}/v1/fragments/fA/neighbours")).json()["items"]
    other = next(item for item in items if item["name"] == "fC")
    told = await answer_of(five, "how similar are fA and fC?")
    assert told is not None
    assert (
        f"How alike fA and fC are: in function {other['function']:.0f} %; by balanced factors, as on the heat map 24 %." in told
    )


async def test_japanese_is_answered_in_japanese(five: str) -> None:
    told = await answer_of(five, "fBに似ているのは？", JA)
    assert told is not None
    assert told.startswith("釣り合わせた因子（ヒートマップ）がfBに近い順です。\n1. fC：")
    compared = await answer_of(five, "fAとfCはどれくらい似ている？", JA)
    assert compared is not None
    assert "fAとfCの類似度は" in compared


async def test_a_fragment_is_itself(five: str) -> None:
    told = await answer_of(five, "how similar are fA and fA?")
    assert told is not None
    assert told.startswith("fA is the same fragment twice, so 100 %")


async def test_an_unknown_fragment_is_said_to_be_unknown_with_names_close_to_it(five: str) -> None:
    told = await answer_of(five, "what is like fZ?")
    assert told is not None
    assert told.startswith("The current run has no fragment fZ. Names close to it: f")
    assert "「fZ」というフラグメントはありません" in str(await answer_of(five, "fZに似ているのは？", JA))
    both = await answer_of(five, "how similar are fY and fZ?")
    assert both is not None
    assert "fY" in both
    assert "fZ" in both


async def test_a_name_in_another_case_is_understood_where_only_one_can_be_meant(five: str, odd: str) -> None:
    assert "Most like fB" in str(await answer_of(five, "what is like the fragment fb?"))
    assert "Most like Aspirin" in str(await answer_of(odd, "what is like aspirin?"))


async def test_a_name_that_may_mean_several_is_asked_back(odd: str) -> None:
    told = await answer_of(odd, "what is like fragment fb?")
    assert told == "By fb you may mean fB or FB. Which one? Upper and lower case count."
    assert "どれのことですか" in str(await answer_of(odd, "フラグメントfbに似ているのは？", JA))


@pytest.mark.parametrize("name", ["c1ccccc1", "C/C=C/C", "a b & c", "50%", "#1", "エタノール"])
async def test_any_name_works(odd: str, name: str) -> None:
    told = await answer_of(odd, f"which fragment is like '{name}'?")
    assert told is not None
    assert told.startswith(f"Most like {name} by")
    assert parse_qs(urlsplit(told.split()[-1]).query)["fragment"] == [name]


async def test_the_case_of_a_smiles_counts(odd: str) -> None:
    told = await answer_of(odd, "what is like C1CCCCC1?")
    assert told is not None
    assert told.startswith("The current run has no fragment C1CCCCC1. Fragments it has: ")


@pytest.mark.parametrize(
    "message", ["what is like love?", "how similar are cats and dogs?", "is he like you?", "犬と猫は似ていますか"]
)
async def test_talk_about_other_things_is_left_to_the_bot(five: str, message: str) -> None:
    assert await answer_of(five, message) is None


async def test_a_plain_word_that_is_a_fragment_is_answered(odd: str) -> None:
    assert "Most like benzene" in str(await answer_of(odd, "what is like benzene?"))


async def test_an_api_that_is_away_is_said_to_be_away() -> None:
    away = "http://127.0.0.1:9"
    assert "does not answer" in str(await answer_of(away, "what is like fB?"))
    assert "応答していません" in str(await answer_of(away, "fAとfCはどれくらい似ている？", JA))
    assert await answer_of(away, "what is like love?") is None


async def test_an_api_without_a_run_is_said_to_have_none(nothing: str) -> None:
    assert "no run on fragments has been published" in str(await answer_of(nothing, "what is like fB?"))


async def test_a_smiles_is_found_in_any_spelling(odd: str) -> None:
    for spelled in ("C1=CC=CC=C1", "c1cc(ccc1)", "*c1ccccc1"):
        found = await found_of(odd, f"tell me about {spelled}")
        assert found is not None
        known = "c1ccccc1" if "*" not in spelled else None
        assert (known is not None) == found.text.startswith("c1ccccc1 is in"), found.text


async def test_a_common_name_finds_the_fragment_it_stands_for(groups: str) -> None:
    english = await answer_of(groups, "what is like morpholine?")
    assert str(english).startswith(
        "Most like morpholine (*N1CCOCC1) by balanced factors, as on the heat map (the run also has *C1CNCCO1):"
    )
    japanese = await answer_of(groups, "モルホリンに似ているのは？", JA)
    assert str(japanese).startswith("釣り合わせた因子（ヒートマップ）がモルホリン（*N1CCOCC1）に近い順です")
    missing = await found_of(groups, "what is like azocane?")
    assert missing is not None
    assert missing.text.startswith("The current run has no fragment azocane (*N1CCCCCCC1).")
    assert missing.facts["fragments"] == [{"name": "azocane", "smiles": "*N1CCCCCCC1"}]


async def test_a_smiles_without_an_open_bond_means_what_is_attached_anywhere(groups: str) -> None:
    assert str(await answer_of(groups, "tell me about O1CCNCC1")).startswith("morpholine (*N1CCOCC1) is in ")
    assert "(the run also has *C1CNCCO1)" in str(await answer_of(groups, "tell me about O1CCNCC1"))
    missing = await found_of(groups, "tell me about *C1CC1")
    assert missing is not None
    assert missing.text.startswith("The current run has no fragment *C1CC1.")
    assert missing.facts["fragments"] == [{"name": "*C1CC1", "smiles": "*C1CC1"}]


async def test_a_smiles_of_no_molecule_is_said_to_be_none(groups: str) -> None:
    told = await answer_of(groups, "what is like C(C)(C)(C)(C)C=O?")
    assert told == "I cannot read C(C)(C)(C)(C)C=O as a structure: atom 1 (C) has more bonds than it can have."
    assert "構造として読めません" in str(await answer_of(groups, "C(C)(C)(C)(C)C=Oに似ているのは？", JA))


async def test_an_answer_is_also_data(groups: str) -> None:
    found = await found_of(groups, "top 2 fragments like morpholine")
    assert found is not None
    assert found.facts["intent"] == "similar"
    assert [each["name"] for each in found.facts["fragments"]] == ["*N1CCOCC1"]
    assert len(found.facts["items"]) == 2
    assert {"name", "smiles", "support", "function"} <= set(found.facts["items"][0])
    json.dumps(dict(found.facts))


@pytest.mark.parametrize(
    ("message", "intent", "told"),
    [
        ("how many fragments are there?", "count", "has 5 fragments (5 with enough evidence to be listed) from"),
        ("which targets are there?", "targets", "targets are in the current run: "),
        ("what does function mean?", "meaning", "the cosine of the effects of two fragments"),
        (
            "what can replace fB?",
            "replace",
            "This run has no measured replacements of fB, so ",
        ),
        ("what happens if I replace fA by fC?", "compare", "fC in place of fA: "),
        ("tell me about fB", "about", "fB is in "),
        ("what is like fB? || why?", "why", "Because of what was measured: fB is in "),
        ("what is like fB? || and fC?", "similar", "Most like fC"),
        ("compare fA, fB and fC", "compare", "How alike fB and fC are: "),
    ],
)
async def test_every_kind_of_question_is_answered(five: str, message: str, intent: str, told: str) -> None:
    found = await found_of(five, message)
    assert found is not None
    assert told in found.text
    assert found.facts["intent"] == intent
    assert found.facts["link"] in found.text


async def test_what_the_run_cannot_tell_is_said(five: str) -> None:
    told = await answer_of(five, "what acts like fB but looks different?")
    assert str(told).startswith("The run cannot tell: ")
    assert "答えられません" in str(await answer_of(five, "CCOc1ccccc1の活性を予測して", JA))


async def test_what_can_be_asked_is_told_with_fragments_of_the_run(five: str) -> None:
    told = await answer_of(five, "which fragments do you know?")
    assert "What is like f" in str(told)
    async with FragmentAnswers(lambda: FragmentScores(five), viz_url=VIZ) as fragments:
        questions = await fragments.suggestions(JA)
        assert len(questions) == 3
        assert all(fragments.question([question]) is not None for question in questions)


async def test_without_a_scores_api_nothing_is_suggested() -> None:
    async with FragmentAnswers(lambda: FragmentScores("http://127.0.0.1:9"), viz_url=VIZ) as fragments:
        assert await fragments.suggestions(EN) == []


@pytest.fixture
async def with_intervals() -> AsyncIterator[FragmentAnswers]:
    """Before an API whose run states intervals, and knows no neighbour beyond the first."""

    def answer(request: httpx.Request) -> httpx.Response:
        path = request.url.path
        if path.endswith("/neighbours"):
            neighbour = {"rank": 1, "name": "fB", "smiles": None, "support": 3, "function": 81.6, "low": 64.2, "high": 90.5}
            neighbour |= {"structure": None, "coassay": None, "balanced": 80.0}
            neighbour |= {
                "expected_change": 0.3,
                "change_low": 0.2,
                "change_high": 0.5,
                "swaps": 1,
                "basis": "measured and model",
            }
            return httpx.Response(
                200,
                json={"run": "r", "fragment": "fA", "similarity": "function", "change_unit": "log units", "items": [neighbour]},
            )
        if path == "/v1/similarities":
            similarity = json.loads(request.content)["similarity"]
            names = json.loads(request.content)["fragments"]
            percents = {"function": 81.6 if names[1] == "fB" else -3.0, "balanced": 12.0}
            if similarity not in percents:
                problem = {
                    "type": "/problems/similarity-unavailable",
                    "title": "No",
                    "status": 422,
                    "detail": "No.",
                    "instance": path,
                }
                return httpx.Response(422, json=problem, headers={"Content-Type": "application/problem+json"})
            bounds = (
                {"low": [[100.0, 64.2]] * 2, "high": [[100.0, 90.5]] * 2}
                if names[1] == "fB" and similarity == "function"
                else {}
            )
            rows = [[100.0, percents[similarity]]] * 2
            return httpx.Response(200, json={"run": "r", "similarity": similarity, "names": names, "percents": rows, **bounds})
        if path == "/v1/runs/r":
            return httpx.Response(200, json=RUN)
        name = path.rsplit("/", 1)[-1]
        fragment = {"id": 0, "name": name, "smiles": None, "support": 3, "scaffolds": None, "shown": True} | _NO_STRUCTURE
        return httpx.Response(200, json={**fragment, "run": "r", "vector": [1.0], "balanced": [1.0]})

    scores = FragmentScores("http://scores", transport=httpx.MockTransport(answer))
    async with FragmentAnswers(lambda: scores, viz_url=VIZ) as fragments:
        yield fragments


async def _told(fragments: FragmentAnswers, message: str, language: Language = EN) -> str:
    question = fragments.question([message])
    assert question is not None
    return str((await fragments.answer(question, language) or Answered("")).text)


async def test_an_interval_is_told_where_there_is_one(with_intervals: FragmentAnswers) -> None:
    assert "in function 82 % (90 % interval 64 to 90)" in await _told(with_intervals, "how similar are fA and fB?")
    assert "1. fB：82 %（90 %区間 64〜90）" in await _told(with_intervals, "fAに似ているのは？", JA)


async def test_kinds_that_the_run_does_not_have_are_left_out(with_intervals: FragmentAnswers) -> None:
    told = await _told(with_intervals, "how similar are fA and fC?")
    assert "are: in function -3 %; by balanced factors, as on the heat map 12 %." in told


def refusing(status: int, slug: str, *, headers: dict[str, str] | None = None, at: str = "/") -> FragmentAnswers:
    """Before an API that refuses whatever lies below a path."""

    def answer(request: httpx.Request) -> httpx.Response:
        path = request.url.path
        if path.startswith(at):
            problem = {
                "type": f"/problems/{slug}",
                "title": "A title",
                "status": status,
                "detail": "A detail.",
                "instance": path,
            }
            return httpx.Response(status, json=problem, headers=headers)
        if path == "/v1/runs/r":
            return httpx.Response(200, json=RUN)
        name = path.rsplit("/", 1)[-1]
        fragment = {"id": 0, "name": name, "smiles": None, "support": 3, "scaffolds": None, "shown": True} | _NO_STRUCTURE
        return httpx.Response(200, json={**fragment, "run": "r", "vector": [1.0], "balanced": [1.0]})

    scores = FragmentScores("http://scores", transport=httpx.MockTransport(answer))
    return FragmentAnswers(lambda: scores, viz_url=VIZ)


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A scores API that asks for a key, and lets it ask once a second."""
    access = {"NTDEMO_ACCESS": "keys", "NTDEMO_API_KEY": _KEY, "NTDEMO_RATE_LIMIT": "60"}
    yield from scores_api(tmp_path_factory.mktemp("locked"), five_fragments(), Objective.COUNTS, **access)


async def test_a_key_that_is_missing_and_one_that_asks_too_often_are_told(locked: str) -> None:
    async with FragmentAnswers(lambda: FragmentScores(locked), viz_url=VIZ) as fragments:
        told = await _told(fragments, "what is like fB?")
        assert told.startswith(
            "I am not allowed to look that up: The key is missing, wrong or has expired, says the scores API."
        )
    async with FragmentAnswers(lambda: FragmentScores(locked, key=SecretStr(_KEY)), viz_url=VIZ) as fragments:
        first, *_, last = [await _told(fragments, "what is like fB?", language) for language in (*[EN] * 40, JA)]
    assert first.startswith("Most like fB")
    assert re.fullmatch(r"スコアAPIへの質問が多すぎました。\d+秒後にもう一度聞いてください。", last)


REFUSALS = [
    (401, "unauthorized", "I am not allowed to look that up", "許可されていません"),
    (403, "forbidden", "I am not allowed to look that up", "許可されていません"),
    (421, "host-unknown", "I am not allowed to look that up", "許可されていません"),
    (429, "too-many-requests", "too many questions. Try again in 17 s.", "17秒後に"),
    (500, "molecules-failed", "the scores API failed (A title)", "エラーが起きました"),
    (422, "invalid-request", "The run cannot tell: A detail.", "答えられません"),
    (503, "not-ready", "no run on fragments has been published", "まだ公開されていません"),
]


@pytest.mark.parametrize("at", ["/", "/v1/similarities"])
@pytest.mark.parametrize("message", ["how similar are fA and fB?", "how similar are C1CC1 and fB?"])
@pytest.mark.parametrize(("status", "slug", "english", "japanese"), REFUSALS)
async def test_each_kind_of_refusal_is_told_for_what_it_is(
    status: int, slug: str, english: str, japanese: str, message: str, at: str
) -> None:
    if "C1CC1" in message and at != "/":
        message = message.replace("C1CC1", "fC")
    for language, said in ((EN, english), (JA, japanese)):
        async with refusing(status, slug, headers={"Retry-After": "17"}, at=at) as fragments:
            told = await _told(fragments, message, language)
            assert said in told
            assert "no fragment" not in told
            assert "\n" not in told


async def test_what_is_refused_is_logged_without_what_was_asked() -> None:
    with structlog.testing.capture_logs() as logged:
        for message, said in (("what is like *C1CC1?", True), ("what is like love?", False)):
            async with refusing(403, "forbidden") as fragments:
                assert (await _told(fragments, message) != "") is said
        async with refusing(429, "too-many-requests", headers={"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}) as fragments:
            assert await fragments.suggestions(EN) == []
    told = [(each["failure"], each["reason"], each["said"]) for each in logged]
    assert told == [
        ("NotAllowed", "A title", True),
        ("NotAllowed", "A title", False),
        ("TooManyQuestions", "too many questions, again in 60 s", False),
    ]
    assert all(each["event"] == "fragments_not_looked_up" and "C1CC1" not in str(each) for each in logged)
