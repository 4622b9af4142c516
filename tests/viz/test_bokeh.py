"""The Bokeh server: what its sessions hold, who may open one, and that nothing comes from elsewhere."""

import asyncio
import re
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any, Self

import httpx
import numpy as np
import pytest
import websockets
from bokeh.client import ClientSession, pull_session
from bokeh.models import ColumnDataSource
from bokeh.models.widgets import Div
from tests.support.ports import free_ports
from tests.support.readable import readable
from tests.viz.conftest import Addresses
from tornado.ioloop import IOLoop

from viz.answers import Trajectory
from viz.bokeh_apps.histogram import quartiles
from viz.bokeh_apps.server import BokehServer
from viz.bokeh_apps.style import html_table
from viz.bokeh_apps.training import Frames, ticks
from viz.pairs import HUNDREDTHS
from viz.settings import Settings

_PATIENCE_S = 60.0


class Session:
    """A session of a page, looked at as it stands on the server; poll `until` it shows what is expected.

    Every look is a connection of its own: Bokeh's Python client applies no patch while it waits for something else.
    """

    def __init__(self, url: str, **arguments: str) -> None:
        self._url = url
        self._loop, self._view = self._look(arguments=arguments)

    def _look(self, **how: Any) -> tuple[IOLoop, ClientSession]:
        """A view in a loop of its own, for the client never closes one that it makes itself."""
        loop = IOLoop(make_current=False)
        return loop, pull_session(url=self._url, io_loop=loop, **how)

    @staticmethod
    def _leave(loop: IOLoop, view: ClientSession) -> None:
        async def close() -> None:
            view.close()

        loop.run_sync(close)  # outside of its loop it would make the thread another one
        loop.close(all_fds=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._leave(self._loop, self._view)

    def text(self) -> str:
        """Everything that the page says."""
        return "\n".join(div.text for div in self._all(Div))

    def named(self, name: str) -> Any:
        """The model with a name; None before it is there."""
        return self._view.document.select_one({"name": name})

    def column(self, name: str) -> list[Any]:
        """A column of the one data source that has it; empty before it is there."""
        return next((list(source.data[name]) for source in self._all(ColumnDataSource) if name in source.data), [])

    def _all(self, kind: type[Any]) -> list[Any]:
        return list(self._view.document.select({"type": kind}))

    def set(self, name: str, attribute: str, value: Any) -> None:
        """Do what a reader does with a widget."""
        setattr(self.named(name), attribute, value)
        self._view.force_roundtrip()

    def until(self, holds: Callable[[], bool]) -> None:
        """Look again until `holds`, for a bounded time."""
        deadline = time.monotonic() + _PATIENCE_S
        while time.monotonic() < deadline:
            before = self._loop, self._view
            self._loop, self._view = self._look(session_id=self._view.id)
            self._leave(*before)  # after the next was opened: a session that nobody looks at is discarded
            if holds():
                return
        raise AssertionError(f"did not happen in {_PATIENCE_S} s; the page says:\n{self.text()}")


def test_the_histogram_counts_every_pair_of_the_built_in_data(addresses: Addresses) -> None:
    with Session(f"{addresses.bokeh}/histogram") as session:
        session.until(lambda: "make 10 pairs" in session.text() and "2 pairs from 80 to 100" in session.text())
        assert sum(session.column("pairs")) == 10
        assert len(session.column("pairs")) == 40
        listed = re.sub(r"<[^>]+>", " ", session.named("pairs").text).split()
        assert listed[-6:] == ["fB", "fC", "97.7", "fB", "fD", "86.8"]


def test_bins_are_as_wide_as_chosen(addresses: Addresses) -> None:
    with Session(f"{addresses.bokeh}/histogram") as session:
        session.until(lambda: session.named("width") is not None)
        session.set("width", "active", 5)
        session.until(lambda: len(session.column("pairs")) == 10)
        assert session.column("left") == list(range(-100, 100, 20))
        assert sum(session.column("pairs")) == 10


@pytest.mark.slow
def test_the_histogram_of_3400_fragments_counts_all_pairs_of_the_2000_best_known(addresses: Addresses) -> None:
    with Session(f"{addresses.bokeh}/histogram", run=addresses.many) as session:
        session.until(lambda: "the 2,000 with most support make 1,999,000 pairs" in session.text())
        session.until(lambda: "the 100 highest of them" in session.text())
        assert sum(session.column("pairs")) == 2000 * 1999 // 2


def test_the_slider_steps_and_the_plane_turns(addresses: Addresses) -> None:
    with Session(f"{addresses.bokeh}/training") as session:
        session.until(lambda: "Step <b>0</b> of 40" in session.text())
        assert session.column("name") == ["fA", "fB", "fC", "fD", "fE"]
        session.set("frame", "value", 2)
        session.until(lambda: "Step <b>20</b> of 40" in session.text())
        assert [len(trail) for trail in session.column("xs")] == [3] * 5
        up = session.column("y")
        session.set("plane", "active", 1)
        session.until(lambda: not np.allclose(up, session.column("y")))


def test_a_similarity_that_does_not_exist_is_said(addresses: Addresses) -> None:
    with Session(f"{addresses.bokeh}/histogram", similarity="smell") as session:
        session.until(lambda: "asks for similarity “smell”; there is function, balanced" in session.text())


def test_a_similarity_that_the_run_does_not_tell_is_said(addresses: Addresses) -> None:
    with Session(f"{addresses.bokeh}/histogram", similarity="structure") as session:
        session.until(lambda: "This run tells nothing of structures" in session.text())


def test_a_run_that_does_not_exist_is_said(addresses: Addresses) -> None:
    with Session(f"{addresses.bokeh}/histogram", run="factors-nowhere") as session:
        session.until(lambda: "factors-nowhere" in session.text())


@pytest.fixture(scope="module")
def lonely() -> Iterator[str]:
    """A Bokeh server whose scores API is away."""
    (port,) = free_ports(1)
    settings = Settings(NTDEMO_HOST="127.0.0.1", NTDEMO_PORT=9, VIZ_HOST="127.0.0.1", VIZ_BOKEH_PORT=port)
    with BokehServer(settings):
        yield f"http://127.0.0.1:{port}"


@pytest.mark.parametrize("app", ["histogram", "training"])
def test_a_silent_scores_api_is_said_in_the_page(lonely: str, app: str) -> None:
    with Session(f"{lonely}/{app}") as session:
        session.until(lambda: "does not answer" in session.text())
        assert "tries again by itself" in session.text()


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [
        ("http://127.0.0.1:{port}", True),
        ("http://localhost:{port}", True),
        ("http://evil.example.org", False),
        ("http://127.0.0.1:1", False),
        ("http://127.0.0.1.evil.example.org:{port}", False),
        ("null", False),
    ],
)
def test_only_listed_origins_open_a_session(lonely: str, http: httpx.Client, origin: str, allowed: bool) -> None:  # noqa: FBT001 - a column of the table
    token = re.search(r'"token":"([^"]+)"', http.get(f"{lonely}/histogram").text)
    assert token is not None

    async def handshake() -> int:
        address = f"{lonely.replace('http', 'ws')}/histogram/ws"
        try:
            async with websockets.connect(
                address,
                origin=websockets.Origin(origin.format(port=lonely.rsplit(":", 1)[1])),
                subprotocols=[websockets.Subprotocol("bokeh"), websockets.Subprotocol(token[1])],
                proxy=None,
            ) as socket:
                return 101 if await socket.recv() else 0
        except websockets.InvalidStatus as refusal:
            return refusal.response.status_code

    assert asyncio.run(handshake()) == (101 if allowed else 403)


def test_it_is_alive(lonely: str, http: httpx.Client) -> None:
    assert http.get(f"{lonely}/healthz").json()["service"] == "ntdemo viz (Bokeh)"


@pytest.mark.parametrize("path", ["/", "/histogram", "/training"])
def test_pages_are_complete_and_load_from_here_alone(lonely: str, http: httpx.Client, path: str) -> None:
    answer = http.get(lonely + path)
    assert answer.status_code == 200
    assert '<html lang="en">' in answer.text
    assert re.search(r"<title>[^<]*ntdemo</title>", answer.text)
    assert re.search(r"<h1>[^<]+</h1>", answer.text)
    loaded = re.findall(r'(?:<script src|<link [^>]*href)="([^"]+)"', answer.text)
    assert loaded
    for address in loaded:
        assert address.startswith("/")
        assert http.get(lonely + address).status_code == 200


@pytest.mark.parametrize("path", ["/", "/histogram"])
def test_a_page_says_its_language_and_what_that_depends_on(lonely: str, http: httpx.Client, path: str) -> None:
    answer = http.get(lonely + path, headers={"Accept-Language": "ja"})
    assert '<html lang="ja">' in answer.text
    assert answer.headers["content-language"] == "ja"
    assert answer.headers["vary"] == "Cookie, Accept-Language"


@pytest.mark.parametrize("path", ["/healthz", "/nothing", "/assets/viz.css", "/static/js/bokeh.min.js"])
def test_what_is_no_page_of_ours_has_no_language(lonely: str, http: httpx.Client, path: str) -> None:
    headers = http.get(lonely + path, headers={"Accept-Language": "ja"}).headers
    assert not {"content-language", "vary"} & headers.keys()


def test_security_headers_are_on_every_answer(lonely: str, http: httpx.Client) -> None:
    for path in ("/", "/histogram", "/assets/viz.css", "/static/js/bokeh.min.js", "/nothing"):
        headers = http.get(lonely + path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert "server" not in headers


def test_the_index_leads_everywhere(lonely: str, http: httpx.Client) -> None:
    index = http.get(lonely).text
    for address in ('href="/histogram"', 'href="/training"', 'href="http://127.0.0.1:8050/heat-map"'):
        assert address in index


def test_quartiles_are_those_of_the_pairs() -> None:
    even = np.ones(HUNDREDTHS, dtype=np.int64)
    assert quartiles(even) == pytest.approx((-50, 0, 50), abs=0.02)
    one = np.zeros(HUNDREDTHS, dtype=np.int64)
    one[15_002] = 7
    assert quartiles(one) == pytest.approx((50.02, 50.02, 50.02))


def test_frames_show_any_plane_within_one_range() -> None:
    positions = np.arange(2 * 3 * 2, dtype=float).reshape(2, 3, 2)
    frames = Frames(Trajectory(("a", "b", "c"), np.array([0, 5]), positions), (1, 2))
    across, up = frames.at(1)
    assert across.tolist() == [7, 9, 11]
    assert up.tolist() == [0, 0, 0]
    low, high = frames.limits()
    assert low < 0
    assert high > 11
    assert [len(trail) for trail in frames.trails(1, 9)[0]] == [2, 2, 2]


def test_table_cells_are_flush_where_they_are_numbers() -> None:
    markup = html_table("Pairs", "2 pairs", ("A", "B"), [("x", "1")], figures=1)
    assert '<th scope="row">x</th><td class="figure">1</td>' in markup
    assert "<caption>2 pairs</caption>" in markup


def test_a_logarithmic_axis_has_three_round_marks_apart() -> None:
    assert ticks(np.array([3900.0, 500.0, 72.1])) == [72.0, 530.0, 3900.0]
    assert ticks(np.array([0.5, 0.5])) == [0.5]
    assert ticks(np.array([])) == []


@pytest.mark.parametrize(("host", "status"), [("localhost", 200), ("evil.example", 421), ("localhost.evil.example", 421)])
def test_the_bokeh_server_answers_to_its_own_names(lonely: str, host: str, status: int) -> None:
    with httpx.Client(trust_env=False, timeout=10) as client:
        for path in ("/healthz", "/histogram"):
            answer = client.get(f"{lonely}{path}", headers={"Host": host})
            assert answer.status_code == status
            assert status == 200 or answer.json()["type"] == "/problems/host-unknown"


@pytest.fixture
def narrow(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[BokehServer, int]]:
    """A Bokeh server for three connections."""
    monkeypatch.setattr("viz.bokeh_apps.server._CONNECTIONS", 3)
    (port,) = free_ports(1)
    settings = Settings(NTDEMO_HOST="127.0.0.1", NTDEMO_PORT=9, VIZ_HOST="127.0.0.1", VIZ_BOKEH_PORT=port)
    with BokehServer(settings) as server:
        yield server, port


def test_connections_that_come_at_once_leave_no_more_open_than_there_may_be(narrow: tuple[BokehServer, int]) -> None:
    _, port = narrow
    with ExitStack() as stack:
        silent = [stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=10)) for _ in range(100)]
        with httpx.Client(trust_env=False, timeout=10) as client:
            assert client.get(f"http://127.0.0.1:{port}/healthz").status_code == 200
        ended = readable(silent, 5)
        while len(ended) < 98:
            more = readable([each for each in silent if each not in ended], 5)
            assert more, f"only {len(ended)} gave way"
            ended += more
        assert readable([each for each in silent if each not in ended], 0.5) == []


def test_sessions_count_among_the_connections_and_do_not_give_way(narrow: tuple[BokehServer, int]) -> None:
    _, port = narrow
    with ExitStack() as stack:
        for _ in range(3):
            stack.enter_context(Session(f"http://127.0.0.1:{port}/histogram"))
        with httpx.Client(trust_env=False, timeout=10) as client, pytest.raises(httpx.TransportError):
            client.get(f"http://127.0.0.1:{port}/healthz")
        stack.close()
        deadline = time.monotonic() + _PATIENCE_S
        while True:
            try:
                with httpx.Client(trust_env=False, timeout=10) as client:
                    assert client.get(f"http://127.0.0.1:{port}/healthz").status_code == 200
                break
            except httpx.TransportError:
                assert time.monotonic() < deadline
                time.sleep(0.05)
