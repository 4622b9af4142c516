"""Published bots: found, compared with their digests, put in place of older ones, and never in the middle of a reply."""

import asyncio
import hashlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from tests.chatbot.conftest import GREETING
from tests.support.scripted_bot import scripted_bot

from chatbot.bots.published import PublishedBots
from chatbot.bots.shelf import Shelf
from chatbot.network.bundle import Bundle
from chatbot.network.engine import Engine
from chatbot.network.reply import Reply, Wish
from chatbot.network.sampling import Sampling
from contracts.manifest import ArtifactFile, Manifest
from dialogue.bundle import CARD_FILE, ENCODER_FILE, STEP_FILE, TOKENS_FILE, Language

pytestmark = pytest.mark.anyio
_NEWS = "There is news."
_SHIPPED = datetime(2026, 11, 23, tzinfo=UTC)


class Store:
    """What the scores API serves of artifacts: one version of the English bot, or nothing."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.version = "dialogue-1"
        self.published = False
        self.broken: dict[str, bytes] = {}
        """What is sent instead of a file."""
        self.asked: list[str] = []

    def publish(self, says: str, *, later_by: timedelta = timedelta(days=1), language: Language = Language.ENGLISH) -> None:
        self.version = f"dialogue-{len(list(self.directory.iterdir())) + 1}"
        finished = _SHIPPED + later_by
        scripted_bot(self.directory / self.version, says, language=language, run=self.version, finished=finished)
        self.published = True

    def __call__(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        self.asked.append(path)
        if not self.published or not path.startswith("/v1/artifacts/dialogue-en/"):
            problem = {"type": "/problems/artifact-not-found", "title": "", "status": 404, "detail": "none", "instance": path}
            return httpx.Response(404, json=problem)
        if path.endswith("/latest"):
            return httpx.Response(200, content=self._manifest().model_dump_json())
        name = path.rsplit("/", 1)[-1]
        assert path == f"/v1/artifacts/dialogue-en/{self.version}/files/{name}"
        return httpx.Response(200, content=self.broken.get(name, (self.directory / self.version / name).read_bytes()))

    def _manifest(self) -> Manifest:
        files = [self._file(name) for name in (ENCODER_FILE, STEP_FILE, TOKENS_FILE, CARD_FILE)]
        return Manifest(
            artifact="dialogue-en",
            version=self.version,
            run=self.version,
            kind="dialogue",
            created=_SHIPPED,
            description="A bot.",
            files=files,
        )

    def _file(self, name: str) -> ArtifactFile:
        content = (self.directory / self.version / name).read_bytes()
        digest = hashlib.sha256(content).hexdigest()
        return ArtifactFile(name=name, media_type="application/octet-stream", size_bytes=len(content), sha256=digest)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path)


@pytest.fixture
def shelf(english: Bundle) -> Shelf:
    shelf = Shelf()
    shelf.take(english)
    return shelf


def bots(answer: Callable[[httpx.Request], httpx.Response], shelf: Shelf) -> PublishedBots:
    transport = httpx.MockTransport(answer)
    return PublishedBots("http://scores", shelf, every_s=3600, threads=1, transport=transport)


async def test_a_newer_bot_takes_the_place_of_the_shipped_one(store: Store, shelf: Shelf) -> None:
    published = bots(store, shelf)
    await published.look()
    assert shelf.of_model("ntdemo-en").published is False
    store.publish(_NEWS)
    await published.look()
    taken = shelf.of_model("ntdemo-en")
    assert taken.published
    assert taken.card.training.run == store.version


async def test_a_bot_is_fetched_once_and_an_older_one_not_at_all(store: Store, shelf: Shelf) -> None:
    published = bots(store, shelf)
    store.publish(_NEWS, later_by=-timedelta(days=1))
    await published.look()
    assert shelf.of_model("ntdemo-en").published is False
    assert [path for path in store.asked if path.endswith(".onnx")] == []
    store.publish(_NEWS)
    await published.look()
    fetched = len(store.asked)
    await published.look()
    assert len(store.asked) == fetched + 3  # whether it is ready, then whether there is a newer version, for each language


@pytest.mark.parametrize("name", [CARD_FILE, ENCODER_FILE, STEP_FILE, TOKENS_FILE])
async def test_a_file_that_is_not_what_the_manifest_states_is_not_taken(store: Store, shelf: Shelf, name: str) -> None:
    store.publish(_NEWS)
    store.broken[name] = b"something else"
    published = bots(store, shelf)
    await published.look()
    assert shelf.of_model("ntdemo-en").published is False
    store.broken.clear()
    store.publish(_NEWS, later_by=timedelta(days=2))
    await published.look()
    assert shelf.of_model("ntdemo-en").published


async def test_graphs_that_do_not_load_are_not_taken(store: Store, shelf: Shelf) -> None:
    store.publish(_NEWS)
    directory = store.directory / store.version
    text = (directory / CARD_FILE).read_text()
    before = hashlib.sha256((directory / STEP_FILE).read_bytes()).hexdigest()
    (directory / STEP_FILE).write_bytes(b"no graph")
    (directory / CARD_FILE).write_text(text.replace(before, hashlib.sha256(b"no graph").hexdigest()))
    await bots(store, shelf).look()
    assert shelf.of_model("ntdemo-en").published is False


async def test_a_bot_of_another_language_is_not_taken(store: Store, shelf: Shelf) -> None:
    store.publish("はい。", language=Language.JAPANESE)
    await bots(store, shelf).look()
    assert shelf.of_model("ntdemo-en").published is False
    assert shelf.of_language(Language.JAPANESE) is None


async def test_a_scores_api_that_is_not_ready_is_asked_for_nothing(shelf: Shelf) -> None:
    asked = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.path)
        return httpx.Response(503, json={"ready": False, "missing": {"run": "Nothing is published."}})

    await bots(answer, shelf).look()
    assert asked == ["/readyz"]


async def test_a_scores_api_that_goes_and_comes_back_is_asked_again(store: Store, shelf: Shelf) -> None:
    away = True

    def answer(request: httpx.Request) -> httpx.Response:
        if away:
            raise httpx.ConnectError("away")
        return store(request)

    store.publish(_NEWS)
    published = PublishedBots("http://scores", shelf, every_s=0.01, threads=1, transport=httpx.MockTransport(answer))
    watching = asyncio.create_task(published.watch())
    async with asyncio.timeout(10):
        await asyncio.sleep(0.05)
        assert shelf.of_model("ntdemo-en").published is False
        away = False
        while not shelf.of_model("ntdemo-en").published:  # noqa: ASYNC110 - the watcher sets no event
            await asyncio.sleep(0.01)
    watching.cancel()
    await asyncio.gather(watching, return_exceptions=True)


async def test_a_reply_that_is_being_written_keeps_the_bot_it_began_with(store: Store, shelf: Shelf) -> None:
    wish = Wish(sampling=Sampling(temperature=0))
    store.publish(_NEWS)
    with Engine(rows=4, waiting=4) as engine:
        begun = Reply.several(shelf.of_model("ntdemo-en"), ["hello"], wish, count=1)
        text = ""
        async with engine.write(begun) as pieces:
            async for _, piece in pieces:
                if not text:
                    await bots(store, shelf).look()
                text += piece.text
        assert text == GREETING
        following = Reply.several(shelf.of_model("ntdemo-en"), ["hello"], wish, count=1)
        async with engine.write(following) as pieces:
            assert "".join([piece.text async for _, piece in pieces]) == _NEWS


async def test_what_else_answers_at_the_address_changes_nothing(shelf: Shelf) -> None:
    with pytest.raises((ValueError, KeyError)):
        await bots(lambda _: httpx.Response(200, json={"hello": "world"}), shelf).look()
    assert shelf.of_model("ntdemo-en").published is False
