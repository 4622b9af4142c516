"""Published bots: bundles that trainings published as artifacts, fetched through the scores API and registered.

The newest version of a language's artifact is offered under its own name, `ntdemo-en:<run>`; what the artifact `bots` says is
promoted is served under the plain one. Every file is compared with the manifest's SHA-256, and again with the card's; the
bundle is opened before it replaces another. Nothing is written to a disk.
"""

import asyncio
import hashlib
from pathlib import Path
from typing import Any, Final

import httpx
import structlog
from pydantic import SecretStr

from chatbot.bots.registry import BotRegistry
from chatbot.network.bundle import Bundle, open_bundle
from dialogue.bundle import (
    CARD_FILE,
    NEEDED_FILES,
    PROMOTIONS_ARTIFACT,
    PROMOTIONS_FILE,
    BrokenBundle,
    Language,
    Promotions,
    artifact_name,
    parse_card,
    verify,
)
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
_NOT_YET: Final = "the scores API has no bot of this run yet"
_BROKEN: Final = "its bundle is broken, as the log says; train or publish another one and promote that"
_SERVICE: Final = "the scores API"
_log = structlog.stdlib.get_logger(__name__)


class PublishedBots:
    """Asks the scores API, and registers what is new."""

    def __init__(
        self,
        url: str,
        registry: BotRegistry,
        *,
        shipped: Path,
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
        self._shipped = shipped
        self._promoted = Promotions()
        """As it was read last."""
        self._considered: dict[Language, str] = {}
        """The newest version of each language that was looked at."""
        self._broken: set[str] = set()
        self._refused: dict[Language, str] = {}
        """Promoted runs that are broken; one that is not there yet is looked for again."""
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
        """Follow what is promoted, and offer what is new; nothing is asked for while the scores API has nothing to serve.

        Raises:
            ServiceAway: the scores API cannot be asked, or something else answers.
            ServiceProblem: it refuses.
        """
        readiness = await answer_of(readyz.asyncio(client=self._client), Readiness, service=_SERVICE)
        if not readiness.ready:
            return
        promotions = await self._promotions()
        for language in Language:
            await self._follow(language, promotions.served(language))
            await self._offer(language)

    async def _promotions(self) -> Promotions:
        """What is promoted; nothing before anything was, or where it cannot be read, which is logged."""
        manifest = await self._manifest(PROMOTIONS_ARTIFACT, _LATEST)
        if manifest is None:
            return Promotions()
        try:
            self._promoted = Promotions.model_validate_json(await self._file(manifest, PROMOTIONS_FILE))
        except (BrokenBundle, ValueError) as error:
            _log.error("promotions_broken", version=manifest.version, reason=str(error))
        return self._promoted

    async def _follow(self, language: Language, run: str | None) -> None:
        """Serve this run under the language's plain name, None the shipped bot; a broken or absent one changes nothing."""
        present = self._registry.of_language(language)
        served = present.card.training.run if present is not None and present.published else None
        if run is not None and run == self._refused.get(language):
            self._registry.note_unserved(language, run, _BROKEN)
            return
        if run == served:
            self._registry.forget_unserved(language)
            return
        if run is None:
            self._registry.forget_unserved(language)
            await asyncio.to_thread(self._registry.open_shipped, self._shipped, threads=self._threads, languages=(language,))
            return
        bundle = self._registry.offered(language)
        if bundle is None or bundle.card.training.run != run:
            manifest = await self._manifest(artifact_name(language), run)
            if manifest is None:
                self._registry.note_unserved(language, run, _NOT_YET)
                return
            bundle = await self._opened(language, manifest)
        if bundle is None:
            self._refused[language] = run
            self._registry.note_unserved(language, run, _BROKEN)
            return
        self._registry.register(bundle)
        self._registry.forget_unserved(language)

    async def _offer(self, language: Language) -> None:
        """Serve the newest bot under its own name, unless it is the one behind the plain name already."""
        manifest = await self._manifest(artifact_name(language), _LATEST)
        if manifest is None:
            return
        present, offered = self._registry.of_language(language), self._registry.offered(language)
        if present is not None and present.card.training.run == manifest.run:
            if offered is not None:
                self._registry.offer(language, None)
        elif self._considered.get(language) != manifest.version or (offered is None and manifest.version not in self._broken):
            self._considered[language] = manifest.version
            bundle = await self._opened(language, manifest)
            if bundle is None:
                self._broken.add(manifest.version)
            else:
                self._registry.offer(language, bundle)

    async def _manifest(self, artifact: str, version: str) -> Manifest | None:
        try:
            return await answer_of(get_artifact.asyncio(artifact, version, client=self._client), Manifest, service=_SERVICE)
        except ServiceProblem as problem:
            if problem.slug in _NOTHING_YET:
                return None
            raise

    async def _opened(self, language: Language, manifest: Manifest) -> Bundle | None:
        """The bot of a manifest; a broken one is logged."""
        try:
            return await self._fetch(language, manifest)
        except BrokenBundle as error:
            _log.error("bundle_broken", artifact=manifest.artifact, version=manifest.version, reason=str(error))
            return None

    async def _fetch(self, language: Language, manifest: Manifest) -> Bundle:
        stated = {file.name: file for file in manifest.files}
        if missing := [name for name in (CARD_FILE, *NEEDED_FILES) if name not in stated]:
            raise BrokenBundle(f"its manifest does not list {', '.join(missing)}")
        if any(file.size_bytes > _LARGEST_BYTES for file in stated.values()):
            raise BrokenBundle(f"a file has more than {_LARGEST_BYTES:,} bytes")
        card = parse_card(await self._file(manifest, CARD_FILE))
        if card.language is not language:
            raise BrokenBundle(f"its card states the language {card.language.value!r}")
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
