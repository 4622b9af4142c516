"""The port to the scores API, against the real one."""

import asyncio
import json
import threading
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import TypeVar

import numpy as np
import pytest
from fastapi.testclient import TestClient
from tests.support.components import text_of
from tests.support.gaussian import SMILES
from tests.support.ports import free_ports
from tests.support.served import Served, wait_until_ready
from tests.support.store import Publisher, five_fragments
from tests.viz.conftest import ASPIRIN, KNOWN, TARGETS, Published

from contracts.kinds import SimilarityKind
from published import form
from published.changes import Change
from viz.answers import Neighbour
from viz.app import create_app
from viz.failures import NoRun, NotInRun, NotTold, UpstreamAway
from viz.handed_on import HandedOn
from viz.language import speaking
from viz.scores import Scores
from viz.settings import Settings
from viz.wanted import Wanted

T = TypeVar("T")


def _ask(url: str, question: Callable[[Scores], Awaitable[T]]) -> T:
    async def asked() -> T:
        async with Scores(url) as scores:
            return await question(scores)

    return asyncio.run(asked())


def _rank(neighbours: tuple[Neighbour, ...], name: str) -> int:
    return next(neighbour.rank for neighbour in neighbours if neighbour.name == name)


def test_the_newest_run_comes_first(published: Published, scores_url: str) -> None:
    runs = _ask(scores_url, lambda scores: scores.runs())
    assert [run.id for run in runs] == [
        published.few,
        published.many,
        published.model,
        published.chances,
        published.replaced,
    ]
    assert [run.current for run in runs] == [True, False, False, False, False]
    assert (runs[0].shown_fragments, runs[1].shown_fragments) == (5, 3400)


def test_current_is_what_the_alias_names_and_not_the_newest(tmp_path: Path) -> None:
    publisher = Publisher(tmp_path / "state")
    served_run = publisher.publish(five_fragments())
    tried = publisher.publish(five_fragments(), change=Change(datetime.now(UTC), reason="not promoted"))
    (port,) = free_ports(1)
    environment = {"NTDEMO_STATE": str(publisher.state), "NTDEMO_HOST": "127.0.0.1", "NTDEMO_PORT": str(port)}
    callback = {
        "output": "..health.data...notice.children..",
        "outputs": [{"id": "health", "property": "data"}, {"id": "notice", "property": "children"}],
        "inputs": [{"id": "heartbeat", "property": "n_intervals", "value": 1}],
        "changedPropIds": [],
    }
    before = {"id": "health", "property": "data", "value": {"state": "ready", "newest": served_run, "current": served_run}}
    with Served("ntdemo-scores-api", tmp_path / "log", environment, f"http://127.0.0.1:{port}") as served:
        wait_until_ready(served)
        current = _ask(served.url, lambda scores: scores.run("current"))
        runs = _ask(served.url, lambda scores: scores.runs())
        with TestClient(create_app(Settings(NTDEMO_HOST="127.0.0.1", NTDEMO_PORT=port))) as client:
            beat = client.post("/_dash-update-component", json={**callback, "state": [before]}).json()["response"]
    assert [run.id for run in runs] == [tried, served_run]
    assert (current.id, current.current) == (served_run, True)
    assert beat["health"]["data"] == {"state": "ready", "newest": tried, "current": served_run}
    assert text_of(beat["notice"]["children"]) == f"New run. {tried} has been published. "  # and the same is current


def test_a_run_without_anything_to_map_says_so(tmp_path: Path) -> None:
    publisher = Publisher(tmp_path / "state")
    bare = json.dumps({"run": "flat", "fragments": [], "positions": []}).encode()
    publisher.publish(replace(five_fragments(), files={form.MAP: bare}), run="flat")
    (port,) = free_ports(1)
    environment = {"NTDEMO_STATE": str(publisher.state), "NTDEMO_HOST": "127.0.0.1", "NTDEMO_PORT": str(port)}
    with Served("ntdemo-scores-api", tmp_path / "log", environment, f"http://127.0.0.1:{port}") as served:
        wait_until_ready(served)
        with pytest.raises(NotTold, match="There is no map of this run"):
            _ask(served.url, lambda scores: scores.neighbourhood_map("flat"))


def test_the_space_of_the_built_in_data_gives_the_known_similarities(scores_url: str) -> None:
    space = _ask(scores_url, lambda scores: scores.space("current"))
    assert space.names == ("fA", "fB", "fC", "fD", "fE")
    balanced = SimilarityKind.BALANCED
    pairs = _ask(scores_url, lambda scores: scores.pairs("current", balanced, on_block=lambda *_: None))
    listed = {pair.first + pair.second: pair.percent for pair in pairs.within(-100, 100, 100)[0]}
    known = {"fAfB": 42, "fAfC": 24, "fAfD": 80, "fBfC": 98, "fBfD": 87, "fCfD": 74}
    assert {name: listed[name] for name in known} == pytest.approx(known, abs=0.5)
    assert _ask(scores_url, lambda scores: scores.with_all("current", "fB", balanced)) == pytest.approx(
        [listed["fAfB"], 100, listed["fBfC"], listed["fBfD"], listed["fBfE"]]
    )


def test_a_large_space_is_complete_and_in_order(published: Published, scores_url: str) -> None:
    space = _ask(scores_url, lambda scores: scores.space(published.many))
    ids = [fragment.id for fragment in space.fragments]
    assert len(ids) == 3400
    assert ids == sorted(ids)
    assert space.balanced_FK.shape == space.canonical_FK.shape == (3400, 6)


def test_a_space_is_read_once(scores_url: str) -> None:
    async def twice(scores: Scores) -> bool:
        first, second = await asyncio.gather(scores.space("current"), scores.space("current"))
        return first is second

    assert _ask(scores_url, twice)


def test_neighbours_and_the_sub_matrix_agree(published: Published, scores_url: str) -> None:
    async def both(scores: Scores) -> tuple[list[float], list[float]]:
        name = (await scores.fragments(published.many, Wanted(), limit=5)).items[3].name
        near = await scores.neighbours(published.many, name, SimilarityKind.FUNCTION, 10)
        matrix = await scores.similarities(
            published.many, [name, *(neighbour.name for neighbour in near)], SimilarityKind.FUNCTION
        )
        return [neighbour.percents[SimilarityKind.FUNCTION] or 0.0 for neighbour in near], matrix.percent_FF[0, 1:].tolist()

    listed, computed = _ask(scores_url, both)
    assert listed == sorted(listed, reverse=True)
    assert listed == pytest.approx(computed, abs=0.02)


def test_neighbours_that_look_unlike_are_told_apart_from_all(published: Published, scores_url: str) -> None:
    def near(scores: Scores, most: float | None) -> Awaitable[tuple[Neighbour, ...]]:
        return scores.neighbours(published.chances, KNOWN[0], SimilarityKind.STRUCTURE, 10, max_structure=most)

    everyone, unlike = _ask(scores_url, lambda scores: near(scores, None)), _ask(scores_url, lambda scores: near(scores, 30))
    assert {neighbour.name: neighbour.percent(SimilarityKind.STRUCTURE) for neighbour in everyone}[KNOWN[1]] == 50
    assert [neighbour for neighbour in everyone if neighbour.percent(SimilarityKind.STRUCTURE) == 0] == [
        replace(neighbour, rank=neighbour.rank + (neighbour.rank >= _rank(everyone, KNOWN[1]))) for neighbour in unlike
    ]


def test_a_prediction_adds_up_and_names_what_it_does_not_know(published: Published, scores_url: str) -> None:
    prediction = _ask(scores_url, lambda scores: scores.prediction(published.chances, ASPIRIN, limit=10))
    assert (prediction.run, prediction.scale, prediction.parent, prediction.flags) == (
        published.chances,
        "chance",
        ASPIRIN,
        ("unknown-fragments",),
    )
    assert [fragment.name for fragment in prediction.fragments if fragment.support is None] == ["*O*"]
    assert {fragment.name: fragment.support for fragment in prediction.fragments} == {"*O*": None} | {
        name: 10 + place for place, name in enumerate(KNOWN)
    }
    assert len(prediction.targets) == 10
    for each in prediction.targets:
        assert each.low is not None
        assert each.high is not None
        assert each.low <= each.value <= each.high
        assert each.mean + each.level + sum(each.added) == pytest.approx(each.sum, abs=1e-9)
    lowest = min(set(TARGETS) - {each.target for each in prediction.targets})
    alone = _ask(scores_url, lambda scores: scores.prediction(published.chances, ASPIRIN, target=lowest, limit=1))
    assert [each.target for each in alone.targets] == [lowest]
    assert alone.targets[0].value <= prediction.targets[-1].value


def test_a_prediction_by_like_compounds_names_them(published: Published, scores_url: str) -> None:
    prediction = _ask(scores_url, lambda scores: scores.prediction(published.model, SMILES[4], limit=10))
    assert (prediction.matched, prediction.nearest, prediction.flags) == ("C4", 100.0, ())
    assert len(prediction.targets) == 3
    for each in prediction.targets:
        assert each.rest is not None
        assert each.panel is not None
        assert each.level + sum(each.added) + each.rest.value + each.panel == pytest.approx(each.sum, abs=1e-9)
        assert each.excess == pytest.approx(each.value - each.level, abs=1e-9)
        own = next((one.value for one in each.rest.relatives if one.name == "C4"), None)
        assert each.measured == own
    assert any(each.panel for each in prediction.targets)


@pytest.mark.parametrize(
    ("question", "sentence"),
    [
        (lambda scores, run: scores.prediction(run, "C1CC", limit=1), "This molecule cannot be predicted: "),
        (lambda scores, run: scores.prediction(run, ASPIRIN, target="nobody", limit=1), "has no target 'nobody'"),
        (
            lambda scores, run: scores.prediction(run, ["*C"] * 501, limit=1),
            "This cannot be asked: List should have at most 500",
        ),
        (lambda scores, _: scores.prediction("current", ASPIRIN, limit=1), "This run predicts nothing."),
        (
            lambda scores, _: scores.neighbours("current", "fA", SimilarityKind.FUNCTION, 5, max_structure=30),
            "This run tells nothing of structures",
        ),
    ],
)
def test_what_a_run_cannot_tell_is_refused(
    published: Published, scores_url: str, question: Callable[[Scores, str], Awaitable[object]], sentence: str
) -> None:
    with pytest.raises(NotTold, match=sentence):
        _ask(scores_url, lambda scores: question(scores, published.chances))


@pytest.mark.parametrize(
    ("question", "sentence"),
    [
        (
            lambda scores: scores.prediction("current", ["*C"] * 501, limit=1),
            "この内容では問い合わせできません：List",
        ),
        (lambda scores: scores.prediction("current", ASPIRIN, limit=1), "この実行結果では予測できません。"),
        (
            lambda scores: scores.neighbours("current", "fA", SimilarityKind.FUNCTION, 5, max_structure=30),
            "この実行結果には、構造や",
        ),
    ],
)
def test_a_refusal_in_our_words_is_said_in_the_language_of_the_reader(
    scores_url: str, question: Callable[[Scores], Awaitable[object]], sentence: str
) -> None:
    with speaking("ja"), pytest.raises(NotTold, match=sentence):
        _ask(scores_url, question)


def test_every_name_of_a_large_run_can_be_asked_for(published: Published, scores_url: str) -> None:
    async def all_of_a_page(scores: Scores) -> list[tuple[str, str]]:
        page = await scores.fragments(published.many, Wanted("%"), limit=60)
        return [(item.name, (await scores.fragment(published.many, item.name)).name) for item in page.items]

    pairs = _ask(scores_url, all_of_a_page)
    assert len(pairs) == 60
    assert all(asked == answered for asked, answered in pairs)


def test_search_narrows_and_says_when_there_is_more(published: Published, scores_url: str) -> None:
    page = _ask(scores_url, lambda scores: scores.fragments(published.many, Wanted("c1ccncc1"), limit=20))
    assert len(page.items) == 20
    assert page.next is not None
    assert all("c1ccncc1" in item.name for item in page.items)


def test_curve_and_trajectory_have_their_shapes(scores_url: str) -> None:
    curve = _ask(scores_url, lambda scores: scores.curve("current"))
    trajectory = _ask(scores_url, lambda scores: scores.trajectory("current"))
    assert curve.steps_S.shape == curve.losses_S.shape == (5,)
    assert trajectory.positions_SFD.shape == (5, 5, 3)
    assert np.all(np.diff(trajectory.steps_S) > 0)


@pytest.mark.parametrize(
    "question",
    [
        lambda scores: scores.space("factors-nowhere"),
        lambda scores: scores.fragment("current", "no such fragment"),
        lambda scores: scores.neighbours("current", "a/b#c", SimilarityKind.BALANCED, 5),
        lambda scores: scores.similarities("current", ["fA", "nope"], SimilarityKind.BALANCED),
    ],
)
def test_what_does_not_exist_is_missing(scores_url: str, question: Callable[[Scores], Awaitable[object]]) -> None:
    with pytest.raises(NotInRun, match=r".+"):
        _ask(scores_url, question)


def test_a_silent_address_is_away() -> None:
    (port,) = free_ports(1)
    with pytest.raises(UpstreamAway, match="nothing listens there"):
        _ask(f"http://127.0.0.1:{port}", lambda scores: scores.runs())


@pytest.fixture
def deleting() -> Iterator[str]:
    """A scores API whose every run was deleted."""

    class Gone(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            told = {
                "type": "/problems/run-deleted",
                "title": "The run was deleted",
                "status": 410,
                "detail": "a was deleted.",
                "instance": "/",
            }
            self.send_response(410)
            self.send_header("Content-Type", "application/problem+json")
            self.end_headers()
            self.wfile.write(json.dumps(told).encode())

        def log_message(self, *_: object) -> None:
            """Stay quiet."""

    with HTTPServer(("127.0.0.1", 0), Gone) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_a_deleted_run_is_missing_and_the_scores_api_is_not_away(deleting: str) -> None:
    async def rejects() -> None:
        async with HandedOn(deleting) as handed_on:
            await handed_on.rejects("a")

    with pytest.raises(NotInRun, match="a was deleted"):
        asyncio.run(rejects())
    with pytest.raises(NotInRun, match="a was deleted"):
        _ask(deleting, lambda scores: scores.space("a"))


@pytest.fixture
def somebody_else() -> Iterator[str]:
    """A web server that is not the scores API."""

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"<html>It works!</html>")

        def log_message(self, *_: object) -> None:
            """Stay quiet."""

    with HTTPServer(("127.0.0.1", 0), Page) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_another_server_on_the_port_is_not_taken_for_the_scores_api(somebody_else: str) -> None:
    with pytest.raises(UpstreamAway, match="not the scores API"):
        _ask(somebody_else, lambda scores: scores.runs())


def test_an_empty_store_is_no_run(tmp_path: Path) -> None:
    (port,) = free_ports(1)
    environment = {"NTDEMO_STATE": str(tmp_path / "state"), "NTDEMO_HOST": "127.0.0.1", "NTDEMO_PORT": str(port)}
    with Served("ntdemo-scores-api", tmp_path / "log", environment, f"http://127.0.0.1:{port}") as served:
        wait_until_ready(served, "/healthz")
        with pytest.raises(NoRun):
            _ask(served.url, lambda scores: scores.runs())
