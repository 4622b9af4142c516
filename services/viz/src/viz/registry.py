"""The registry of runs and bots at the trainer: what people say of them, what aliases name, and every change of either."""

from collections.abc import Awaitable
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import Any, Final, Self, TypeVar

import httpx
from pydantic import SecretStr

from servicekit.client import ServiceAway, ServiceProblem, answer_of, bearer
from servicekit.tracing import propagating
from trainer_client import Client, models
from trainer_client.api.runs import (
    delete_alias,
    delete_run,
    edit_run,
    list_aliases,
    list_runs,
    put_alias,
    roll_back_alias,
)
from viz.failures import Refused, UpstreamAway

__all__ = ["Alias", "Registered", "Registry"]

T = TypeVar("T")
_TRAINER: Final = "the trainer"
_PATIENCE_S: Final = 180.0
"""Two bots are measured before one takes the other's place."""
_BOT: Final = "dialogue"
_PLAIN: Final = tuple(f"ntdemo-{language}" for language in models.Language)
"""Aliases that bots alone have; where the trainer lists none, the shipped bot answers."""


@dataclass(frozen=True)
class Registered:
    """A run or a bot, and what people say of it."""

    id: str
    is_bot: bool
    published: datetime
    name: str | None
    tags: tuple[str, ...]
    note: str
    pinned: bool
    aliases: tuple[str, ...]
    decision: str | None
    """Whether it took `current` when it was published, and why."""


@dataclass(frozen=True)
class Alias:
    """A word, and what it names now; None is a language's shipped bot."""

    alias: str
    run: str | None
    before: tuple[str, ...] = ()
    """What it named before, the last first; empty for bots, whose way back the trainer keeps elsewhere."""

    @property
    def is_of_bots(self) -> bool:
        """Whether it is the plain name of a language."""
        return self.alias in _PLAIN


class Registry:
    """Asks the trainer, with its key where it has one; to be entered on the event loop that uses it, and left on the same.

    What moves an alias takes what the reader saw it name, and is refused where somebody else was faster.
    """

    def __init__(self, url: str, *, key: SecretStr | None = None, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._url = url.rstrip("/")
        self._client: Any = Client(  # of the two generated classes, the other takes no client without a key
            base_url=self._url,
            headers=bearer(key),
            timeout=httpx.Timeout(_PATIENCE_S, connect=2.0),
            httpx_args={"trust_env": False, **propagating(), "transport": transport},
        )

    async def __aenter__(self) -> Self:
        await self._client.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.__aexit__(kind, error, trace)

    async def bots(self) -> tuple[Registered, ...]:
        """Every bot, the newest first.

        Raises:
            Refused: the trainer does not do this. So do all other methods.
            UpstreamAway: the trainer cannot be asked. So do all other methods.
        """
        listed = await self._ask(list_runs.asyncio(client=self._client), models.RunList)
        return tuple(each for each in map(_registered, listed.items) if each.is_bot)

    async def aliases(self) -> tuple[Alias, ...]:
        """Every alias, in alphabetical order; those of bots always."""
        listed = await self._ask(list_aliases.asyncio(client=self._client), models.AliasList)
        told = {item.alias: Alias(item.alias, item.run, tuple(item.before)) for item in listed.items}
        shipped = {alias: Alias(alias, None) for alias in _PLAIN}
        return tuple(each for _, each in sorted((shipped | told).items()))

    async def edit(self, run: str, **said: Any) -> None:
        """Say something of a run: `name`, `tags`, `note`, `pinned`; what is left out stays."""
        body = models.RunEdit.from_dict(said)
        await self._ask(edit_run.asyncio(run, client=self._client, body=body), models.RunResource)

    async def delete(self, run: str) -> None:
        """Answer nobody from a run any more."""
        await self._ask(delete_run.asyncio(run, client=self._client), type(None))

    async def promote(self, alias: str, run: str, *, seen: str | None, force: bool = False) -> None:
        """Let an alias name a run; with `force` a bot even if it is worse than the one that it takes the place of."""
        body = models.AliasTarget(run, force)
        await self._ask(put_alias.asyncio(alias, client=self._client, body=body, **_expecting(seen)), models.AliasResource)

    async def roll_back(self, alias: str, *, seen: str | None) -> str | None:
        """Let an alias name what it named before: that run, or None for a shipped bot."""
        question = roll_back_alias.asyncio(alias, client=self._client, **_expecting(seen))
        return (await self._ask(question, models.AliasResource)).run

    async def drop(self, alias: str, *, seen: str | None) -> None:
        """Let there be no such alias any more; the run stays."""
        await self._ask(delete_alias.asyncio(alias, client=self._client, **_expecting(seen)), type(None))

    async def _ask(self, question: Awaitable[Any], kind: type[T]) -> T:
        try:
            return await answer_of(question, kind, service=_TRAINER)
        except ServiceAway as away:
            raise UpstreamAway(_TRAINER, self._url, away) from away
        except ServiceProblem as problem:
            raise Refused(problem.title, problem.detail) from problem


def _expecting(seen: str | None) -> dict[str, str]:
    """What has a change refused where the alias no longer names what was seen."""
    return {"if_none_match": "*"} if seen is None else {"if_match": f'"{seen}"'}


def _registered(item: models.RunResource) -> Registered:
    return Registered(
        id=item.id,
        is_bot=item.kind == _BOT,
        published=item.published,
        name=item.name,
        tags=tuple(item.tags),
        note=item.note,
        pinned=item.pinned,
        aliases=tuple(item.aliases),
        decision=item.decision,
    )
