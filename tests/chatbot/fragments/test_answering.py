"""Questions about fragments before a real scores API, and before none."""

import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from tests.support.ports import free_ports
from tests.support.served import Served, wait_until_ready
from tests.support.store import Publisher, five_fragments, named_fragments

from chatbot.fragments.answering import FragmentAnswers
from chatbot.fragments.scores import FragmentScores
from dialogue.bundle import Language

pytestmark = pytest.mark.anyio
_VIZ = "http://viz.example:8050"
_EN, _JA = Language.ENGLISH, Language.JAPANESE


@pytest.fixture(scope="module")
def five(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A scores API with the built-in five fragments."""
    yield from _scores_api(tmp_path_factory.mktemp("five"), five_fragments)


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """One with names that are easily confused."""
    names = ["fB", "FB", "benzene", "Aspirin", "c1ccccc1", "C/C=C/C", "a b & c", "50%", "#1", "エタノール"]
    yield from _scores_api(tmp_path_factory.mktemp("odd"), lambda: named_fragments(names))


@pytest.fixture(scope="module")
def nothing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """One without a run."""
    yield from _scores_api(tmp_path_factory.mktemp("nothing"), None)


def _scores_api(directory: Path, contents: object) -> Iterator[str]:
    state = directory / "state"
    if callable(contents):
        Publisher(state).publish(contents())
    (port,) = free_ports(1)
    environment = {"NTDEMO_STATE": str(state), "NTDEMO_HOST": "127.0.0.1", "NTDEMO_PORT": str(port)}
    with Served("ntdemo-scores-api", directory / "log", environment, f"http://127.0.0.1:{port}") as served:
        wait_until_ready(served, "/readyz" if contents else "/healthz")
        yield served.url


async def _answer(url: str, message: str, language: Language = _EN) -> str | None:
    async with FragmentAnswers(lambda: FragmentScores(url), viz_url=_VIZ) as fragments:
        return await fragments.answer(message, language)


async def test_what_is_like_a_fragment_is_told_in_percent_with_a_link(five: str) -> None:
    told = await _answer(five, "what is like fB?")
    assert told is not None
    assert told.startswith("Most like fB in what they do to targets: fC ")
    assert told.count(" %") == 4
    link = urlsplit(told.split()[-1])
    assert (link.netloc, link.path) == ("viz.example:8050", "/fragments")
    view = parse_qs(link.query)
    assert view["fragment"] == ["fB"]
    assert view["similarity"] == ["function"]
    assert view["run"][0].startswith("factors-")


async def test_the_numbers_are_those_of_the_api(five: str) -> None:
    async with httpx.AsyncClient(trust_env=False) as http:
        items = (await http.get(f"{five}/v1/fragments/fA/neighbours")).json()["items"]
    other = next(item for item in items if item["name"] == "fC")
    told = await _answer(five, "how similar are fA and fC?")
    assert told is not None
    assert f"fA and fC are alike by {other['function']:.0f} %; on the heat map" in told
    assert "by 24 %." in told  # the seed's number


async def test_japanese_is_answered_in_japanese(five: str) -> None:
    told = await _answer(five, "fBに似ているのは？", _JA)
    assert told is not None
    assert told.startswith("標的への働きがfBに似ている順に、fC ")
    compared = await _answer(five, "fAとfCはどれくらい似ている？", _JA)
    assert compared is not None
    assert "fAとfCの類似度は" in compared


async def test_a_fragment_is_itself(five: str) -> None:
    told = await _answer(five, "how similar are fA and fA?")
    assert told is not None
    assert told.startswith("fA is the same fragment twice, so 100 %")


async def test_an_unknown_fragment_is_said_to_be_unknown_with_names_close_to_it(five: str) -> None:
    told = await _answer(five, "what is like fZ?")
    assert told is not None
    assert told.startswith("I know no fragment called fZ. Names close to it: f")
    assert "「fZ」というフラグメントは見つかりません" in str(await _answer(five, "fZに似ているのは？", _JA))
    both = await _answer(five, "how similar are fY and fZ?")
    assert both is not None
    assert "fY" in both
    assert "fZ" in both


async def test_a_name_in_another_case_is_understood_where_only_one_can_be_meant(five: str, odd: str) -> None:
    assert "Most like fB" in str(await _answer(five, "what is like the fragment fb?"))
    assert "Most like Aspirin" in str(await _answer(odd, "what is like aspirin?"))


async def test_a_name_that_may_mean_several_is_asked_back(odd: str) -> None:
    told = await _answer(odd, "what is like fragment fb?")
    assert told == "By fb you may mean fB or FB. Which one? Upper and lower case count."
    assert "どれのことですか" in str(await _answer(odd, "フラグメントfbに似ているのは？", _JA))


@pytest.mark.parametrize("name", ["c1ccccc1", "C/C=C/C", "a b & c", "50%", "#1", "エタノール"])
async def test_any_name_works(odd: str, name: str) -> None:
    told = await _answer(odd, f"which fragment is like '{name}'?")
    assert told is not None
    assert told.startswith(f"Most like {name} in")
    assert parse_qs(urlsplit(told.split()[-1]).query)["fragment"] == [name]


async def test_the_case_of_a_smiles_counts(odd: str) -> None:
    told = await _answer(odd, "what is like C1CCCCC1?")
    assert told is not None
    assert told.startswith("I know no fragment called C1CCCCC1.")
    assert "c1ccccc1" in told


@pytest.mark.parametrize(
    "message", ["what is like love?", "how similar are cats and dogs?", "is he like you?", "犬と猫は似ていますか"]
)
async def test_talk_about_other_things_is_left_to_the_bot(five: str, message: str) -> None:
    assert await _answer(five, message) is None


async def test_a_plain_word_that_is_a_fragment_is_answered(odd: str) -> None:
    assert "Most like benzene" in str(await _answer(odd, "what is like benzene?"))


async def test_an_api_that_is_away_is_said_to_be_away() -> None:
    away = "http://127.0.0.1:9"
    assert "does not answer" in str(await _answer(away, "what is like fB?"))
    assert "応答していません" in str(await _answer(away, "fAとfCはどれくらい似ている？", _JA))
    assert await _answer(away, "what is like love?") is None


async def test_an_api_without_a_run_is_said_to_have_none(nothing: str) -> None:
    assert "no run on fragments has been published" in str(await _answer(nothing, "what is like fB?"))


@pytest.fixture
async def with_intervals() -> AsyncIterator[FragmentAnswers]:
    """Before an API whose run states intervals, and knows no neighbour beyond the first."""

    def answer(request: httpx.Request) -> httpx.Response:
        path = request.url.path
        if path.endswith("/neighbours"):
            neighbour = {"rank": 1, "name": "fB", "smiles": None, "support": 3, "function": 81.6, "low": 64.2, "high": 90.5}
            neighbour |= dict.fromkeys(
                ("structure", "coassay", "expected_change", "change_low", "change_high", "swaps", "basis")
            ) | {"balanced": 80.0}
            return httpx.Response(200, json={"run": "r", "fragment": "fA", "similarity": "function", "items": [neighbour]})
        if path == "/v1/similarities":
            similarity = json.loads(request.content)["similarity"]
            percent = {"function": -3.0, "balanced": 12.0}[similarity]
            body = {
                "run": "r",
                "similarity": similarity,
                "names": ["fA", "fC"],
                "percents": [[100.0, percent], [percent, 100.0]],
            }
            return httpx.Response(200, json=body)
        name = path.rsplit("/", 1)[-1]
        fragment = {"id": 0, "name": name, "smiles": None, "support": 3, "scaffolds": None, "shown": True}
        return httpx.Response(200, json={**fragment, "run": "r", "vector": [1.0], "balanced": [1.0]})

    scores = FragmentScores("http://scores", transport=httpx.MockTransport(answer))
    async with FragmentAnswers(lambda: scores, viz_url=_VIZ) as fragments:
        yield fragments


async def test_an_interval_is_told_where_there_is_one(with_intervals: FragmentAnswers) -> None:
    english = await with_intervals.answer("how similar are fA and fB?", _EN)
    assert "fA and fB are alike by 82 % (90 % interval 64 to 90)" in str(english)
    japanese = await with_intervals.answer("fAに似ているのは？", _JA)
    assert "fB 82 %（90 %区間 64〜90）" in str(japanese)


async def test_fragments_that_are_no_neighbours_are_compared_without_one(with_intervals: FragmentAnswers) -> None:
    told = await with_intervals.answer("how similar are fA and fC?", _EN)
    assert "fA and fC are alike by -3 %; on the heat map, which compares their balanced factors, by 12 %. " in str(told)
