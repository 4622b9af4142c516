"""The API server of a cluster, as far as jobs need it: six requests. Objects are the JSON that Kubernetes documents."""

import json
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from enum import StrEnum
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, Protocol, Self

from trainer.jobs.templates import Owner

if TYPE_CHECKING:
    from kubernetes_asyncio.client import ApiClient, Configuration

__all__ = ["ApiServer", "Away", "Exists", "Expired", "Kind", "KubernetesServer", "Listed", "Refused", "configuration"]

_ANSWER_S: Final = 30.0
_QUOTA: Final = "exceeded quota"
"""What the API server says of what will be allowed later."""

Listed = tuple[list[dict[str, Any]], str]
"""Objects, and the version from which a watch goes on."""


class Kind(StrEnum):
    """Kinds of objects that are followed."""

    JOB = "jobs"
    POD = "pods"


class Away(OSError):
    """The API server does not answer, or has no time, or does not know us at the moment."""


class Refused(Exception):
    """The API server will not do it, whenever it is asked."""


class Exists(Exception):
    """There is such an object already."""


class Expired(Exception):
    """The version is too old to go on from: list anew."""


class ApiServer(Protocol):
    """Requests about Jobs of one namespace and their pods. Each may raise Away."""

    async def create_job(self, job: dict[str, Any]) -> None:
        """Make a Job; raises Exists or Refused."""

    async def delete_job(self, name: str) -> bool:
        """Begin to delete a Job, which is there until its pods are gone; False where there is none."""

    async def listed(self, kind: Kind, selector: str) -> Listed:
        """The objects that bear these labels."""

    def watch(self, kind: Kind, selector: str, version: str, within_s: float) -> AsyncIterator[tuple[str, dict[str, Any]]]:
        """What happens to them from `version` on, as `ADDED`, `MODIFIED` or `DELETED` and the object; raises Expired."""

    async def uid(self, owner: Owner) -> str:
        """Of an object; raises Refused."""

    async def close(self) -> None:
        """End every connection."""


def configuration(address: str | None) -> "Configuration":
    """How the server at `address` is asked, without a token; without one, that of the pod's own cluster, with the pod's.

    Raises:
        Away: This is no pod, or it was given no token.
    """
    from kubernetes_asyncio.client import Configuration  # noqa: PLC0415 - takes a second to load
    from kubernetes_asyncio.config import ConfigException  # noqa: PLC0415
    from kubernetes_asyncio.config.incluster_config import load_incluster_config  # noqa: PLC0415

    found = Configuration()
    if address is not None:
        found.host = address
        return found
    try:
        load_incluster_config(client_configuration=found)  # type: ignore[no-untyped-call]  # the package's own
    except ConfigException as error:
        raise Away(f"This is no pod of a cluster, or its service account has no token: {str(error).rstrip('.')}.") from None
    return found


class KubernetesServer:
    """Asks a real one, by `kubernetes-asyncio`."""

    def __init__(self, client: "ApiClient", namespace: str) -> None:
        from kubernetes_asyncio.client import AppsV1Api, BatchV1Api, CoreV1Api  # noqa: PLC0415 - takes a second to load

        self._client = client
        self._namespace = namespace
        self._core, self._apps = CoreV1Api(client), AppsV1Api(client)
        self._batch: Any = BatchV1Api(client)  # wants a model of its own where the API wants an object

    @classmethod
    def opened(cls, namespace: str, address: str | None = None) -> Self:
        """The server at `address`, or that of the pod's own cluster; raises Away as `configuration`."""
        from kubernetes_asyncio.client import ApiClient  # noqa: PLC0415 - takes a second to load

        return cls(ApiClient(configuration(address)), namespace)

    async def create_job(self, job: dict[str, Any]) -> None:
        """As `ApiServer.create_job`."""
        async with _answered(self._batch.create_namespaced_job(self._namespace, job, **_LATER)):
            pass

    async def delete_job(self, name: str) -> bool:
        """As `ApiServer.delete_job`."""
        asked = self._batch.delete_namespaced_job(name, self._namespace, propagation_policy="Foreground", **_LATER)
        async with _answered(asked, missing=True) as answer:
            return bool(answer.status != HTTPStatus.NOT_FOUND)

    async def listed(self, kind: Kind, selector: str) -> Listed:
        """As `ApiServer.listed`."""
        async with _answered(self._list(kind, label_selector=selector, **_LATER)) as answer:
            found = json.loads(await answer.read())
        return found["items"], found["metadata"]["resourceVersion"]

    async def watch(
        self, kind: Kind, selector: str, version: str, within_s: float
    ) -> AsyncIterator[tuple[str, dict[str, Any]]]:
        """As `ApiServer.watch`."""
        asked = self._list(
            kind,
            label_selector=selector,
            resource_version=version,
            timeout_seconds=round(within_s),
            watch=True,
            _preload_content=False,
            _request_timeout=within_s + _ANSWER_S,
        )
        async with _answered(asked) as answer:
            while line := await answer.content.readline():
                event = json.loads(line)
                if event["type"] == "ERROR":
                    _raise_for(event["object"]["code"], event["object"].get("message", ""))
                yield event["type"], event["object"]

    async def uid(self, owner: Owner) -> str:
        """As `ApiServer.uid`, of a Deployment."""
        async with _answered(self._apps.read_namespaced_deployment(owner.name, self._namespace, **_LATER)) as answer:
            return str(json.loads(await answer.read())["metadata"]["uid"])

    async def close(self) -> None:
        """End every connection."""
        await self._client.close()

    def _list(self, kind: Kind, **asked: Any) -> Awaitable[Any]:
        find = self._batch.list_namespaced_job if kind is Kind.JOB else self._core.list_namespaced_pod
        found: Awaitable[Any] = find(self._namespace, **asked)
        return found


_LATER: Final[dict[str, Any]] = {"_preload_content": False, "_request_timeout": _ANSWER_S}


@asynccontextmanager
async def _answered(asked: Awaitable[Any], *, missing: bool = False) -> AsyncIterator[Any]:
    """The answer, read or not, let go of in the end; a refusal is raised, but for `missing` that nothing is there."""
    import aiohttp  # noqa: PLC0415 - loaded with its user

    try:
        answer = await asked
        try:
            if answer.status >= HTTPStatus.BAD_REQUEST and not (missing and answer.status == HTTPStatus.NOT_FOUND):
                _raise_for(answer.status, _message(await answer.text()))
            yield answer
        finally:
            answer.close()
    except (aiohttp.ClientError, TimeoutError) as error:
        raise Away(f"The cluster's API server does not answer: {str(error) or type(error).__name__}.") from error


def _message(text: str) -> str:
    try:
        return str(json.loads(text)["message"])
    except (ValueError, KeyError, TypeError):
        return text[:300]


def _raise_for(status: int, message: str) -> None:
    match status:
        case HTTPStatus.CONFLICT:
            raise Exists(message)
        case HTTPStatus.GONE:
            raise Expired(message)
        case HTTPStatus.UNAUTHORIZED | HTTPStatus.REQUEST_TIMEOUT | HTTPStatus.TOO_MANY_REQUESTS:
            raise Away(f"The cluster's API server answers {status}: {message}")
        case _ if status >= HTTPStatus.INTERNAL_SERVER_ERROR or _QUOTA in message:
            raise Away(f"The cluster's API server answers {status}: {message}")
        case _:
            raise Refused(f"The cluster's API server refuses ({status}): {message}")
