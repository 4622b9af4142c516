"""Following: what the API server knows of our Jobs and pods, kept by list and watch."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import structlog

from trainer.jobs.executors.executor import Away
from trainer.jobs.executors.kubernetes.server import ApiServer, Expired, Kind, Refused

__all__ = ["Following"]

_BACK_OFF_S: Final = (1.0, 2.0, 5.0, 10.0)
_log = structlog.stdlib.get_logger(__name__)


class Following:
    """Our objects by kind and name. What a list says replaces what was known; a watch tells what happens in between."""

    def __init__(
        self, server: ApiServer, selector: str, *, watch_s: float, pause: Callable[[float], Awaitable[object]] = asyncio.sleep
    ) -> None:
        """`watch_s`: a watch that tells nothing, or tells it wrongly, is replaced by a list after so long."""
        self._pause = pause
        self._server = server
        self._selector = selector
        self._watch_s = watch_s
        self._found: dict[Kind, dict[str, dict[str, Any]]] = {kind: {} for kind in Kind}
        self._lists = dict.fromkeys(Kind, 0)
        self._changed = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    async def begin(self) -> None:
        """List everything, and follow from there; raises Away."""
        for kind in Kind:
            try:
                await self.list_anew(kind)
            except (Refused, Expired) as error:
                raise Away(str(error)) from None
        if not self._tasks:
            self._tasks = [asyncio.create_task(self._follow(kind), name=f"follow {kind}") for kind in Kind]

    def jobs(self) -> Mapping[str, dict[str, Any]]:
        """Every Job of ours by name."""
        return self._found[Kind.JOB]

    def pods(self, job: str) -> list[dict[str, Any]]:
        """The pods of the Job of this name."""
        owned = (
            pod["metadata"].get("labels", {}).get("batch.kubernetes.io/job-name") for pod in self._found[Kind.POD].values()
        )
        return [pod for pod, owner in zip(self._found[Kind.POD].values(), owned, strict=True) if owner == job]

    @property
    def lists(self) -> int:
        """How often Jobs have been listed: what was made before one list and is not in the next is gone."""
        return self._lists[Kind.JOB]

    async def list_anew(self, kind: Kind) -> str:
        """Replace what is known of a kind; gives the version from which a watch goes on. Raises Away or Refused."""
        found, version = await self._server.listed(kind, self._selector)
        self._found[kind] = {each["metadata"]["name"]: each for each in found}
        self._lists[kind] += 1
        self._tell()
        return version

    async def change(self, within_s: float) -> None:
        """Wait until something happens, or so long."""
        try:
            async with asyncio.timeout(within_s):
                await self._changed.wait()
        except TimeoutError:
            pass

    async def close(self) -> None:
        """Stop following."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []

    async def _follow(self, kind: Kind) -> None:
        """Until cancelled; what neither tells anything nor lasts is asked for more and more seldom, whoever ends it."""
        failures, clock_s = 0, asyncio.get_running_loop().time
        while True:
            began_s, told, trouble = clock_s(), False, ""
            try:
                version = await self.list_anew(kind)
                async for happened, found in self._server.watch(kind, self._selector, version, self._watch_s):
                    self._keep(kind, happened, found)
                    told = True
            except Expired:  # as if it had ended
                pass
            except Exception as error:  # noqa: BLE001 - whatever is wrong with an answer, the next one may be right
                trouble = str(error) or repr(error)
            if told or clock_s() - began_s >= self._watch_s / 2:
                failures = 0
            elif not trouble:
                trouble = "the watch ended at once"
            if trouble:
                wait_s = _BACK_OFF_S[min(failures, len(_BACK_OFF_S) - 1)]
                failures += 1
                _log.warning("cluster_not_followed", kind=kind, reason=trouble, again_in_s=wait_s)
                await self._pause(wait_s)

    def _keep(self, kind: Kind, happened: str, found: dict[str, Any]) -> None:
        name, known = found["metadata"]["name"], self._found[kind]
        if happened != "DELETED":
            known[name] = found
        elif name in known and known[name]["metadata"]["uid"] == found["metadata"]["uid"]:
            del known[name]
        self._tell()

    def _tell(self) -> None:
        """Those who wait, of whom each may look at what it waits for."""
        self._changed.set()
        self._changed = asyncio.Event()
