"""The application: OpenAI's chat API, the page, and the engine behind both for as long as it runs."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import TYPE_CHECKING, Final

import structlog
from fastapi import FastAPI

from chatbot import pages, problems, refusals
from chatbot.bots.registry import BotRegistry, model_name
from chatbot.conversation import Conversation
from chatbot.fragments.answering import FragmentAnswers
from chatbot.metrics import EngineMetrics, FirstWords
from chatbot.network.engine import ReplyEngine
from chatbot.openai_errors import OpenAIErrors
from chatbot.routes import completions, models, responses, tools
from chatbot.settings import Settings
from servicekit.application import create_application
from servicekit.doors.guard import Doors
from servicekit.security import SecurityHeaders

if TYPE_CHECKING:
    from chatbot.bots.published import PublishedBots
    from chatbot.fragments.scores import FragmentScores

__all__ = ["create_app"]

_SETTLED_S: Final = 1.0
"""From the start to the first look for published bots: no first reply waits for the scores API's client."""
_log = structlog.stdlib.get_logger(__name__)

_DESCRIPTION = """
Speaks as OpenAI's chat API does, so that any of its clients works: `base_url` is this address and `/v1`, the key is any word.
Every failure is a problem document that also holds OpenAI's `error`. A page to chat with is at [`/`](/).
"""


def create_app(settings: Settings) -> FastAPI:
    """Assemble routes, page and engine; bundles are opened and the thread starts when the application does."""
    registry = BotRegistry()
    engine = ReplyEngine(rows=settings.rows, waiting=settings.waiting)

    def scores() -> "FragmentScores":
        from chatbot.fragments.scores import FragmentScores  # noqa: PLC0415 - loads the scores API's client, which few chats need

        return FragmentScores(settings.scores_url, key=settings.api_key)

    def published() -> "PublishedBots":
        from chatbot.bots.published import PublishedBots  # noqa: PLC0415 - loads the scores API's client, after the start

        return PublishedBots(
            settings.scores_url,
            registry,
            shipped=settings.models,
            every_s=settings.refresh_s,
            threads=settings.threads,
            key=settings.api_key,
        )

    async def watch() -> None:
        await asyncio.sleep(min(_SETTLED_S, settings.refresh_s))
        try:
            await (await asyncio.to_thread(published)).watch()
        except Exception:  # noqa: BLE001 - whatever it is, the bots that are here go on talking
            _log.exception("published_bots_unwatched")

    fragments = FragmentAnswers(scores, viz_url=settings.viz_url)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        await asyncio.to_thread(registry.open_shipped, settings.models, threads=settings.threads)
        with engine:
            watching = asyncio.create_task(watch())
            try:
                async with fragments:
                    yield
            finally:
                watching.cancel()
                await asyncio.gather(watching, return_exceptions=True)

    async def ready() -> Mapping[str, str]:
        if not engine.is_alive:
            return {"engine": "the thread that writes replies has ended; start the chatbot again"}
        if registry.bundles():
            return {}
        return {model_name(language): reason for language, reason in registry.missing().items()}

    app = create_application(
        title="ntdemo chatbot",
        version=version("ntdemo-chatbot"),
        summary="English and Japanese talk, and fragments in it.",
        description=_DESCRIPTION,
        ready=ready,
        problem_types=problems.PROBLEM_TYPES,
        lifespan=lifespan,
        doors=Doors(settings, settings.host),
    )
    app.state.registry = registry
    app.state.fragments = fragments
    app.state.conversation = Conversation(engine, fragments)
    app.state.metrics.register(EngineMetrics(engine))
    app.state.first_words = FirstWords(app.state.metrics)
    refusals.install(app)
    app.include_router(completions.router)
    app.include_router(responses.router)
    app.include_router(tools.router)
    app.include_router(models.router)
    pages.install(app)
    app.add_middleware(OpenAIErrors)
    app.add_middleware(SecurityHeaders, policy=pages.CONTENT_POLICY, exceptions={"/docs": pages.DOCUMENTATION_POLICY})
    return app
