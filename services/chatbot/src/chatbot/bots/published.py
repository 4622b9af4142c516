"""Published bots: bundles that trainings published as artifacts, fetched through the scores API and put on the shelf.

The newest version of a language's artifact is taken when its training finished after that of the bundle in use. Every file
is compared with the manifest's SHA-256, and again with the card's; the bundle is opened before it replaces another. Nothing is
written to a disk.
"""

import asyncio
import hashlib
from typing import Any, Final, TypeVar

import httpx
import structlog

from chatbot.bots.shelf import Shelf
from chatbot.network.bundle import FILES, Bundle, open_bundle, parse_card
from dialogue.bundle import CARD_FILE, BrokenBundle, Language, artifact_name
from scores_client import Client
from scores_client.api.artifacts import get_artifact, get_artifact_file
from scores_client.api.operation import readyz
from scores_client.models import Manifest, ProblemDocument, Readiness
from scores_client.types import File

__all__ = ["PublishedBots"]

_T = TypeVar("_T")
_LATEST: Final = "latest"
_PATIENCE_S: Final = 30.0
_LARGEST_BYTES: Final = 256 * 2**20
_NOTHING_YET: Final = ("/artifact-not-found", "/not-ready")
_log = structlog.stdlib.get_logger(__name__)


class PublishedBots:
    """Asks the scores API, and puts what is new on the shelf."""

    def __init__(
        self, url: str, shelf: Shelf, *, every_s: float, threads: int, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        arguments: dict[str, Any] = {"trust_env": False}
        if transport is not None:
            arguments["transport"] = transport
        self._client = Client(base_url=url, timeout=httpx.Timeout(_PATIENCE_S, connect=2.0), httpx_args=arguments)
        self._shelf = shelf
        self._every_s = every_s
        self._threads = threads
        self._settled: dict[Language, str] = {}
        """The version that was looked at last: taken, older than what is in use, or broken."""
        self._away = False

    async def watch(self) -> None:
        """Look now and then, until cancelled."""
        async with self._client:
            while True:
                try:
                    await self.look()
                except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
                    if not self._away:
                        _log.info("scores_api_away", reason=str(error) or type(error).__name__)
                    self._away = True
                else:
                    self._away = False
                await asyncio.sleep(self._every_s)

    async def look(self) -> None:
        """Take what is new; nothing is asked for while the scores API says that it has nothing to serve.

        Raises:
            httpx.HTTPError: the scores API cannot be asked; ValueError and KeyError when something else answers.
        """
        readiness = await readyz.asyncio(client=self._client)
        if isinstance(readiness, Readiness) and not readiness.ready:
            return
        for language in Language:
            answer = await get_artifact.asyncio(artifact_name(language), _LATEST, client=self._client)
            if isinstance(answer, ProblemDocument) and answer.type_.endswith(_NOTHING_YET):
                continue
            manifest = _expected(answer, Manifest)
            if self._settled.get(language) != manifest.version:
                await self._consider(language, manifest)
                self._settled[language] = manifest.version

    async def _consider(self, language: Language, manifest: Manifest) -> None:
        """Put the bundle on the shelf if it is newer than the one there; a broken one is logged and left alone."""
        try:
            bundle = await self._fetch(language, manifest)
        except BrokenBundle as error:
            _log.error("bundle_broken", artifact=manifest.artifact, version=manifest.version, reason=str(error))
            return
        if bundle is not None:
            self._shelf.take(bundle)

    async def _fetch(self, language: Language, manifest: Manifest) -> Bundle | None:
        stated = {file.name: file for file in manifest.files}
        if missing := [name for name in (CARD_FILE, *FILES) if name not in stated]:
            raise BrokenBundle(f"its manifest does not list {', '.join(missing)}")
        if any(file.size_bytes > _LARGEST_BYTES for file in stated.values()):
            raise BrokenBundle(f"a file has more than {_LARGEST_BYTES:,} bytes")
        card = parse_card(await self._file(manifest, CARD_FILE))
        if card.language is not language:
            raise BrokenBundle(f"its card states the language {card.language.value!r}")
        present = self._shelf.of_language(language)
        if present is not None and present.card.training.finished >= card.training.finished:
            return None
        files = {name: await self._file(manifest, name) for name in FILES}
        return await asyncio.to_thread(open_bundle, card, files, published=True, threads=self._threads)

    async def _file(self, manifest: Manifest, name: str) -> bytes:
        answer = await get_artifact_file.asyncio(manifest.artifact, manifest.version, name, client=self._client)
        content = _expected(answer, File).payload.read()
        (sha256,) = (file.sha256 for file in manifest.files if file.name == name)
        if (found := hashlib.sha256(content).hexdigest()) != sha256:
            raise BrokenBundle(f"{name} has digest {found}, the manifest states {sha256}")
        return content


def _expected(answer: Any, kind: type[_T]) -> _T:
    if not isinstance(answer, kind):
        detail = getattr(answer, "detail", None) or "what answers there is not the scores API"
        raise ValueError(detail)  # noqa: TRY004 - a wrong answer, not a wrong call
    return answer
