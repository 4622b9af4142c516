"""Published bots: bundles that trainings published as artifacts, fetched through the scores API and registered.

The newest version of a language's artifact is taken when its training finished after that of the bundle in use. Every file
is compared with the manifest's SHA-256, and again with the card's; the bundle is opened before it replaces another. Nothing is
written to a disk.
"""

import asyncio
import hashlib
from typing import Any, Final

import httpx
import structlog
from pydantic import SecretStr

from chatbot.bots.registry import BotRegistry
from chatbot.network.bundle import Bundle, open_bundle
from dialogue.bundle import CARD_FILE, NEEDED_FILES, BrokenBundle, Language, artifact_name, parse_card, verify
from scores_client import Client
from scores_client.api.artifacts import get_artifact, get_artifact_file
from scores_client.api.operation import readyz
from scores_client.models import Manifest, Readiness
from scores_client.types import File
from servicekit.client import ServiceAway, ServiceProblem, answer_of, bearer

__all__ = ["PublishedBots"]

_LATEST: Final = "latest"
_TIMEOUT_S: Final = 30.0
_LARGEST_BYTES: Final = 256 * 2**20
_NOTHING_YET: Final = frozenset({"artifact-not-found", "not-ready"})
_SERVICE: Final = "the scores API"
_log = structlog.stdlib.get_logger(__name__)


class PublishedBots:
    """Asks the scores API, and registers what is new."""

    def __init__(
        self,
        url: str,
        registry: BotRegistry,
        *,
        every_s: float,
        threads: int,
        key: SecretStr | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        arguments: dict[str, Any] = {"trust_env": False}
        if transport is not None:
            arguments["transport"] = transport
        self._client = Client(
            base_url=url, timeout=httpx.Timeout(_TIMEOUT_S, connect=2.0), headers=bearer(key), httpx_args=arguments
        )
        self._registry = registry
        self._every_s = every_s
        self._threads = threads
        self._considered: dict[Language, str] = {}
        """The version of each language that was looked at last: taken, older than what is in use, or broken."""
        self._away = False

    async def watch(self) -> None:
        """Look now and then, until cancelled."""
        async with self._client:
            while True:
                try:
                    await self.look()
                except (ServiceAway, ServiceProblem) as error:
                    if not self._away:
                        _log.info("scores_api_away", reason=str(error))
                    self._away = True
                except Exception:  # noqa: BLE001 - whatever it is, the next look may find it mended
                    if not self._away:
                        _log.exception("published_bots_not_read")
                    self._away = True
                else:
                    self._away = False
                await asyncio.sleep(self._every_s)

    async def look(self) -> None:
        """Take what is new; nothing is asked for while the scores API says that it has nothing to serve.

        Raises:
            ServiceAway: the scores API cannot be asked, or something else answers.
            ServiceProblem: it refuses.
        """
        readiness = await answer_of(readyz.asyncio(client=self._client), Readiness, service=_SERVICE)
        if not readiness.ready:
            return
        for language in Language:
            question = get_artifact.asyncio(artifact_name(language), _LATEST, client=self._client)
            try:
                manifest = await answer_of(question, Manifest, service=_SERVICE)
            except ServiceProblem as problem:
                if problem.slug in _NOTHING_YET:
                    continue
                raise
            if self._considered.get(language) != manifest.version:
                await self._consider(language, manifest)
                self._considered[language] = manifest.version

    async def _consider(self, language: Language, manifest: Manifest) -> None:
        """Register the bundle if it is newer than the one in use; a broken one is logged and left alone."""
        try:
            bundle = await self._fetch(language, manifest)
        except BrokenBundle as error:
            _log.error("bundle_broken", artifact=manifest.artifact, version=manifest.version, reason=str(error))
            return
        if bundle is not None:
            self._registry.register(bundle)

    async def _fetch(self, language: Language, manifest: Manifest) -> Bundle | None:
        stated = {file.name: file for file in manifest.files}
        if missing := [name for name in (CARD_FILE, *NEEDED_FILES) if name not in stated]:
            raise BrokenBundle(f"its manifest does not list {', '.join(missing)}")
        if any(file.size_bytes > _LARGEST_BYTES for file in stated.values()):
            raise BrokenBundle(f"a file has more than {_LARGEST_BYTES:,} bytes")
        card = parse_card(await self._file(manifest, CARD_FILE))
        if card.language is not language:
            raise BrokenBundle(f"its card states the language {card.language.value!r}")
        present = self._registry.of_language(language)
        if present is not None and present.card.training.finished >= card.training.finished:
            return None
        files = {name: await self._file(manifest, name) for name in NEEDED_FILES}
        verify(card, files)
        return await asyncio.to_thread(open_bundle, card, files, published=True, threads=self._threads)

    async def _file(self, manifest: Manifest, name: str) -> bytes:
        question = get_artifact_file.asyncio(manifest.artifact, manifest.version, name, client=self._client)
        content: bytes = (await answer_of(question, File, service=_SERVICE)).payload.read()
        (sha256,) = (file.sha256 for file in manifest.files if file.name == name)
        if (digest := hashlib.sha256(content).hexdigest()) != sha256:
            raise BrokenBundle(f"{name} has digest {digest}, the manifest states {sha256}")
        return content
