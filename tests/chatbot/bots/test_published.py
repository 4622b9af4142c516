"""Published bots: found, compared with their digests, put in place of older ones, and never in the middle of a reply."""

import asyncio
import hashlib
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
import structlog
from tests.chatbot.conftest import GREETING
from tests.support.scripted_bot import scripted_bot

from chatbot.bots.published import PublishedBots
from chatbot.bots.registry import BotRegistry
from chatbot.failures import LanguageMissing, ModelUnknown
from chatbot.network.engine import ReplyEngine
from chatbot.network.reply import Reply, ReplyOptions
from contracts.manifest import ArtifactFile, Manifest
from dialogue.bundle import CARD_FILE, ENCODER_FILE, STEP_FILE, TOKENS_FILE, Language, Promotions
from dialogue.decoding import Decoding
from servicekit.client import ServiceAway

pytestmark = pytest.mark.anyio
_NEWS = "There is news."
_SHIPPED = datetime(2026, 11, 23, tzinfo=UTC)


class Store:
    """What the scores API serves of artifacts: versions of the English bot, and which is promoted."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.version = "dialogue-0"
        """The newest."""
        self.promotions = Promotions()
        self.broken: dict[str, bytes] = {}
        """What is sent instead of a file."""
        self.asked: list[str] = []

    def publish(self, says: str, *, language: Language = Language.ENGLISH) -> str:
        self.version = f"dialogue-{len(list(self.directory.iterdir())) + 1}"
        scripted_bot(self.directory / self.version, says, language=language, run=self.version, finished=_SHIPPED)
        return self.version

    def promote(self, run: str) -> None:
        self.promotions = self.promotions.with_promoted(Language.ENGLISH, run)

    def roll_back(self) -> None:
        self.promotions = self.promotions.without_last(Language.ENGLISH)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        self.asked.append(path)
        if path == "/readyz":
            return httpx.Response(200, json={"ready": True, "missing": {}})
        _, _, _, artifact, version, *file = path.split("/")
        version = self.version if version == "latest" else version
        if artifact == "bots" and self.promotions.promoted:
            if not file:
                return httpx.Response(200, content=self._manifest("bots", "p1", ["bots.json"]).model_dump_json())
            return httpx.Response(200, content=self._content("bots.json"))
        if artifact != "dialogue-en" or not (self.directory / version).is_dir():
            problem = {"type": "/problems/artifact-not-found", "title": "", "status": 404, "detail": "none", "instance": path}
            return httpx.Response(404, json=problem)
        if not file:
            names = [ENCODER_FILE, STEP_FILE, TOKENS_FILE, CARD_FILE]
            return httpx.Response(200, content=self._manifest("dialogue-en", version, names).model_dump_json())
        return httpx.Response(200, content=self.broken.get(file[-1], self._content(file[-1], version)))

    def _content(self, name: str, version: str = "") -> bytes:
        if name == "bots.json":
            return self.promotions.model_dump_json().encode()
        return (self.directory / version / name).read_bytes()

    def _manifest(self, artifact: str, version: str, names: list[str]) -> Manifest:
        return Manifest(
            artifact=artifact,
            version=version,
            run=version,
            kind="dialogue",
            created=_SHIPPED,
            description="A bot.",
            files=[self._file(name, version) for name in names],
        )

    def _file(self, name: str, version: str) -> ArtifactFile:
        content = self._content(name, version)
        digest = hashlib.sha256(content).hexdigest()
        return ArtifactFile(name=name, media_type="application/octet-stream", size_bytes=len(content), sha256=digest)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path)


@pytest.fixture
def registry(models: Path) -> BotRegistry:
    registry = BotRegistry()
    registry.open_shipped(models, threads=1)
    return registry


@pytest.fixture
def published(store: Store, registry: BotRegistry, models: Path) -> PublishedBots:
    return bots(store, registry, models)


def bots(answer: Callable[[httpx.Request], httpx.Response], registry: BotRegistry, models: Path) -> PublishedBots:
    transport = httpx.MockTransport(answer)
    return PublishedBots("http://scores", registry, shipped=models, every_s=3600, threads=1, transport=transport)


def run_of(registry: BotRegistry, model: str = "ntdemo-en") -> str:
    return registry.of_model(model).card.training.run


async def test_a_trained_bot_is_served_under_its_own_name_alone(
    store: Store, registry: BotRegistry, published: PublishedBots
) -> None:
    run = store.publish(_NEWS)
    await published.look()
    assert run_of(registry) == "dialogue-scripted"
    assert run_of(registry, f"ntdemo-en:{run}") == run
    assert list(registry.bundles()) == ["ntdemo-en", "ntdemo-ja", f"ntdemo-en:{run}"]
    newer = store.publish(_NEWS)
    await published.look()
    assert list(registry.bundles()) == ["ntdemo-en", "ntdemo-ja", f"ntdemo-en:{newer}"]
    with pytest.raises(ModelUnknown, match=f"There is no model 'ntdemo-en:{run}'"):
        registry.of_model(f"ntdemo-en:{run}")


async def test_one_that_is_promoted_is_served_under_the_plain_name_until_that_is_taken_back(
    store: Store, registry: BotRegistry, published: PublishedBots
) -> None:
    first = store.publish(_NEWS)
    await published.look()
    store.promote(first)
    await published.look()
    assert run_of(registry) == run_of(registry, f"ntdemo-en:{first}") == first
    assert registry.offered(Language.ENGLISH) is None
    second = store.publish(_NEWS)
    await published.look()
    assert run_of(registry) == first
    store.promote(second)
    await published.look()
    assert run_of(registry) == second
    store.roll_back()
    await published.look()
    assert run_of(registry) == first
    store.roll_back()
    await published.look()
    assert run_of(registry) == "dialogue-scripted"
    assert registry.of_model("ntdemo-en").published is False


async def test_a_promoted_bot_is_found_at_the_start_though_newer_ones_are_there(
    store: Store, registry: BotRegistry, published: PublishedBots
) -> None:
    older = store.publish(_NEWS)
    newer = store.publish(_NEWS)
    store.promote(older)
    await published.look()
    assert run_of(registry) == older
    assert run_of(registry, f"ntdemo-en:{newer}") == newer


async def test_a_bot_is_fetched_once(store: Store, registry: BotRegistry, published: PublishedBots) -> None:
    store.promote(store.publish(_NEWS))
    await published.look()
    graphs = [path for path in store.asked if path.endswith(".onnx")]
    assert len(graphs) == 2
    await published.look()
    assert [path for path in store.asked if path.endswith(".onnx")] == graphs


@pytest.mark.parametrize("name", [CARD_FILE, ENCODER_FILE, STEP_FILE, TOKENS_FILE])
async def test_a_file_that_is_not_what_the_manifest_states_is_not_taken(
    store: Store, registry: BotRegistry, published: PublishedBots, name: str
) -> None:
    store.promote(store.publish(_NEWS))
    store.broken[name] = b"something else"
    await published.look()
    assert list(registry.bundles()) == ["ntdemo-en", "ntdemo-ja"]
    assert registry.of_model("ntdemo-en").published is False
    store.broken.clear()
    store.promote(newer := store.publish(_NEWS))
    await published.look()
    assert run_of(registry) == newer


async def test_graphs_that_do_not_load_are_not_taken(store: Store, registry: BotRegistry, published: PublishedBots) -> None:
    store.promote(store.publish(_NEWS))
    directory = store.directory / store.version
    text = (directory / CARD_FILE).read_text()
    before = hashlib.sha256((directory / STEP_FILE).read_bytes()).hexdigest()
    (directory / STEP_FILE).write_bytes(b"no graph")
    (directory / CARD_FILE).write_text(text.replace(before, hashlib.sha256(b"no graph").hexdigest()))
    await published.look()
    assert registry.of_model("ntdemo-en").published is False


async def test_a_promoted_run_that_is_not_there_yet_is_looked_for_again_and_told_once(
    store: Store, registry: BotRegistry, published: PublishedBots
) -> None:
    store.promote("dialogue-1")
    with structlog.testing.capture_logs() as logged:
        await published.look()
        await published.look()
        assert run_of(registry) == "dialogue-scripted"
        reason = "the scores API has no bot of this run yet"
        assert registry.unserved() == {Language.ENGLISH: f"dialogue-1, which is promoted, is not served: {reason}"}
    assert [each["reason"] for each in logged if each["event"] == "promoted_bot_not_served"] == [reason]
    assert store.publish(_NEWS) == "dialogue-1"
    await published.look()
    assert run_of(registry) == "dialogue-1"
    assert registry.unserved() == {}


async def test_a_promoted_bot_that_is_broken_is_told_and_not_fetched_again(
    store: Store, registry: BotRegistry, published: PublishedBots
) -> None:
    run = store.publish(_NEWS)
    store.promote(run)
    store.broken[STEP_FILE] = b"something else"
    await published.look()
    asked = len([path for path in store.asked if f"/{run}/" in path])
    await published.look()
    assert len([path for path in store.asked if f"/{run}/" in path]) == asked
    assert "its bundle is broken" in registry.unserved()[Language.ENGLISH]
    store.broken.clear()
    store.promote(newer := store.publish(_NEWS))
    await published.look()
    assert run_of(registry) == newer
    assert registry.unserved() == {}
    store.roll_back()
    await published.look()
    assert run_of(registry) == newer
    assert registry.unserved()[Language.ENGLISH].startswith(f"{run}, which is promoted, is not served: its bundle is broken")
    store.roll_back()
    await published.look()
    assert run_of(registry) == "dialogue-scripted"
    assert registry.unserved() == {}


async def test_where_no_bot_was_shipped_the_promoted_one_is_said_to_be_awaited(store: Store, models: Path) -> None:
    registry = BotRegistry()
    store.promote("dialogue-nowhere")
    await bots(store, registry, models).look()
    with pytest.raises(LanguageMissing, match="dialogue-nowhere, which is promoted, is not served: the scores API has no bot"):
        registry.of_model("ntdemo-en")


async def test_a_bot_of_another_language_is_not_taken(store: Store, registry: BotRegistry, published: PublishedBots) -> None:
    store.promote(store.publish("はい。", language=Language.JAPANESE))
    await published.look()
    assert list(registry.bundles()) == ["ntdemo-en", "ntdemo-ja"]
    assert registry.of_model("ntdemo-en").published is False


async def test_a_scores_api_that_is_not_ready_is_asked_for_nothing(registry: BotRegistry, models: Path) -> None:
    asked = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.path)
        return httpx.Response(503, json={"ready": False, "missing": {"run": "Nothing is published."}})

    await bots(answer, registry, models).look()
    assert asked == ["/readyz"]


@pytest.mark.parametrize("failure", [httpx.ConnectError("away"), RuntimeError("nobody foresaw this")])
async def test_after_any_failure_the_scores_api_is_asked_again(
    store: Store, registry: BotRegistry, models: Path, failure: Exception
) -> None:
    away = True

    def answer(request: httpx.Request) -> httpx.Response:
        if away:
            raise failure
        return store(request)

    store.promote(store.publish(_NEWS))
    transport = httpx.MockTransport(answer)
    published = PublishedBots("http://scores", registry, shipped=models, every_s=0.01, threads=1, transport=transport)
    watching = asyncio.create_task(published.watch())
    async with asyncio.timeout(10):
        await asyncio.sleep(0.05)
        assert registry.of_model("ntdemo-en").published is False
        away = False
        while not registry.of_model("ntdemo-en").published:  # noqa: ASYNC110 - the watcher sets no event
            await asyncio.sleep(0.01)
    watching.cancel()
    await asyncio.gather(watching, return_exceptions=True)


async def test_a_reply_that_is_being_written_keeps_the_bot_it_began_with(
    store: Store, registry: BotRegistry, published: PublishedBots
) -> None:
    options = ReplyOptions(decoding=Decoding(temperature=0))
    store.promote(store.publish(_NEWS))
    with ReplyEngine(rows=4, waiting=4) as engine:
        begun = Reply.several(registry.of_model("ntdemo-en"), ["hello"], options, count=1)
        text = ""
        async with engine.write(begun) as pieces:
            async for _, piece in pieces:
                if not text:
                    await published.look()
                text += piece.text
        assert text == GREETING
        following = Reply.several(registry.of_model("ntdemo-en"), ["hello"], options, count=1)
        async with engine.write(following) as pieces:
            assert "".join([piece.text async for _, piece in pieces]) == _NEWS


async def test_what_else_answers_at_the_address_changes_nothing(registry: BotRegistry, models: Path) -> None:
    with pytest.raises(ServiceAway, match="is not the scores API"):
        await bots(lambda _: httpx.Response(200, json={"hello": "world"}), registry, models).look()
    assert registry.of_model("ntdemo-en").published is False
