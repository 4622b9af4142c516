import asyncio
from collections.abc import Iterable

from starlette.types import Message, Receive, Scope, Send

from scores_api.answers import AnswerLayer
from scores_api.live import Live, Snapshot
from servicekit.observation import Meter


class Publications(Live):
    """A live store whose snapshot is set by the test."""

    def __init__(self) -> None:
        self.present: Snapshot | None = Snapshot.__new__(Snapshot)

    def newest(self) -> Snapshot | None:
        return self.present

    def publish(self) -> None:
        self.present = Snapshot.__new__(Snapshot)


class Application:
    """Answers with a number that counts up, so that a kept answer can be told from a fresh one."""

    def __init__(self) -> None:
        self.asked = 0
        self.status = 200
        self.headers = [(b"etag", b'"tag"'), (b"cache-control", b"no-cache"), (b"x-request-id", b"theirs")]
        self.body: bytes | memoryview = b""
        self.pieces = 1
        self.wait = asyncio.Event()
        self.wait.set()

    async def __call__(self, _: Scope, __: Receive, send: Send) -> None:
        self.asked += 1
        number = self.asked
        await self.wait.wait()
        await send({"type": "http.response.start", "status": self.status, "headers": self.headers})
        for piece in range(self.pieces):
            body = self.body or str(number).encode()
            await send({"type": "http.response.body", "body": body, "more_body": piece < self.pieces - 1})


class Asker:
    """A layer over a stand-in application, and how to ask it."""

    def __init__(self) -> None:
        self.app = Application()
        self.live = Publications()
        self.meter = Meter()
        self.layer = AnswerLayer(self.app, self.live, self.meter)

    async def ask(
        self, path: str = "/v1/runs", query: bytes = b"", headers: Iterable[tuple[bytes, bytes]] = (), method: str = "GET"
    ) -> tuple[int, dict[bytes, bytes], bytes]:
        sent: list[Message] = []

        async def receive() -> Message:
            return {"type": "http.request"}

        async def send(message: Message) -> None:
            sent.append(message)

        scope = {"type": "http", "method": method, "path": path, "raw_path": path.encode(), "query_string": query}
        await self.layer({**scope, "headers": list(headers)}, receive, send)
        return sent[0]["status"], dict(sent[0]["headers"]), b"".join(bytes(each.get("body", b"")) for each in sent[1:])

    async def is_kept(self, path: str = "/v1/runs", query: bytes = b"", method: str = "GET") -> bool:
        await self.ask(path, query, method=method)
        before = self.app.asked
        await self.ask(path, query, method=method)
        return self.app.asked == before


def test_an_answer_is_given_again_until_something_is_published() -> None:
    async def scenario() -> list[bytes]:
        asker = Asker()
        bodies = [(await asker.ask())[2] for _ in range(3)]
        asker.live.publish()
        return [*bodies, (await asker.ask())[2]]

    assert asyncio.run(scenario()) == [b"1", b"1", b"1", b"2"]


def test_nothing_is_kept_while_nothing_is_published() -> None:
    async def scenario() -> bool:
        asker = Asker()
        asker.live.present = None
        return await asker.is_kept()

    assert not asyncio.run(scenario())


def test_addresses_queries_and_what_is_accepted_are_told_apart() -> None:
    async def scenario() -> list[bytes]:
        asker = Asker()
        questions = [("/v1/runs", b"", b""), ("/v1/runs", b"a=1", b""), ("/v1/runs/x", b"", b""), ("/v1/runs", b"", b"arrow")]
        return [(await asker.ask(path, query, [(b"accept", accept)]))[2] for path, query, accept in questions * 2]

    assert asyncio.run(scenario()) == [b"1", b"2", b"3", b"4"] * 2


def test_what_is_not_published_is_never_kept() -> None:
    async def scenario() -> list[bool]:
        asker = Asker()
        return [await asker.is_kept(path) for path in ("/healthz", "/metrics", "/docs", "/v1/artifacts/a/1/files/f")]

    assert asyncio.run(scenario()) == [False] * 4


def test_only_get_is_kept() -> None:
    async def scenario() -> list[bool]:
        return [await Asker().is_kept(method=method) for method in ("POST", "HEAD", "DELETE")]

    assert asyncio.run(scenario()) == [False] * 3


def test_failures_untagged_answers_and_answers_in_pieces_are_not_kept() -> None:
    async def scenario() -> list[bool]:
        refused, untagged, pieces = Asker(), Asker(), Asker()
        refused.app.status = 404
        untagged.app.headers = []
        pieces.app.pieces = 3
        return [await asker.is_kept() for asker in (refused, untagged, pieces)]

    assert asyncio.run(scenario()) == [False] * 3


def test_an_answer_of_before_a_publication_is_not_kept_after_it() -> None:
    async def scenario() -> list[bytes]:
        asker = Asker()
        asker.app.wait.clear()
        slow = asyncio.create_task(asker.ask())
        await asyncio.sleep(0)
        asker.live.publish()
        asker.app.wait.set()
        return [(await slow)[2], (await asker.ask())[2], (await asker.ask())[2]]

    assert asyncio.run(scenario()) == [b"1", b"2", b"2"]


def test_a_slow_answer_is_not_kept_when_another_request_saw_the_publication_first() -> None:
    async def scenario() -> list[bytes]:
        asker = Asker()
        asker.app.wait.clear()
        slow = asyncio.create_task(asker.ask())
        await asyncio.sleep(0)
        asker.live.publish()
        other = asyncio.create_task(asker.ask("/v1/runs/other"))
        await asyncio.sleep(0)
        asker.app.wait.set()
        await other
        return [(await slow)[2], (await asker.ask())[2]]

    assert asyncio.run(scenario()) == [b"1", b"3"]


def test_who_holds_a_kept_answer_is_told_so() -> None:
    async def scenario() -> tuple[int, dict[bytes, bytes], bytes]:
        asker = Asker()
        await asker.ask()
        return await asker.ask(headers=[(b"if-none-match", b'"tag"')])

    status, headers, body = asyncio.run(scenario())
    assert (status, body) == (304, b"")
    assert headers.keys() == {b"etag", b"cache-control", b"x-request-id"}


def test_every_answer_has_a_request_id_of_its_own() -> None:
    async def scenario() -> list[bytes]:
        asker = Asker()
        await asker.ask()
        asked = [await asker.ask(), await asker.ask(), await asker.ask(headers=[(b"x-request-id", b"mine")])]
        return [headers[b"x-request-id"] for _, headers, _ in asked]

    first, second, mine = asyncio.run(scenario())
    assert len({first, second, b"theirs"}) == 3
    assert mine == b"mine"


def test_kept_answers_are_counted() -> None:
    async def scenario() -> Asker:
        asker = Asker()
        for _ in range(4):
            await asker.ask()
        return asker

    (series,) = asyncio.run(scenario()).meter.each()
    assert series.statuses == {200: 3}, "the first one is counted by the layers behind"


def test_memory_is_bounded_and_mapped_bodies_cost_none() -> None:
    async def scenario() -> tuple[bool, bool, bool]:
        many, large, mapped = Asker(), Asker(), Asker()
        many.app.body = b"x" * 200_000
        for number in range(100):
            await many.ask(query=str(number).encode())
        large.app.body = b"x" * 300_000
        mapped.app.body = memoryview(b"x" * 30_000_000)
        before = many.app.asked
        await many.ask(query=b"99")
        await many.ask(query=b"0")
        return many.app.asked == before + 1, await large.is_kept(), await mapped.is_kept()

    assert asyncio.run(scenario()) == (True, False, True)
