"""The API server of a cluster, as far as jobs need it: five requests and a watch, of objects as Kubernetes documents them.

Its clients on PyPI are a class an object of all that Kubernetes has, fifty megabytes for what is sent here as it is.
"""

import json
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from enum import StrEnum
from http import HTTPStatus
from pathlib import Path
from ssl import create_default_context
from typing import TYPE_CHECKING, Any, Final, Protocol, Self

from typing_extensions import override

from trainer.jobs.templates import Owner

if TYPE_CHECKING:
    import httpx

__all__ = ["ApiServer", "Away", "Exists", "Expired", "Kind", "KubernetesServer", "Listed", "Refused", "Way", "way"]

_ACCOUNT: Final = Path("/var/run/secrets/kubernetes.io/serviceaccount")
"""Where a pod finds what it is known by (https://kubernetes.io/docs/tasks/run-application/access-api-from-pod/)."""
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


@dataclass(frozen=True)
class Way:
    """How a server is asked."""

    address: str
    account: Path | None
    """A directory with the authority that vouches for the server, and the token that it is asked with; None asks without."""


def way(address: str | None) -> Way:
    """To the server at `address`, without a token; without one, to that of the pod's own cluster, with the pod's.

    Raises:
        Away: This is no pod, or it was given no token.
    """
    if address is not None:
        return Way(address, None)
    host, port = (os.environ.get(f"KUBERNETES_SERVICE_{name}") for name in ("HOST", "PORT"))
    if not host or not port:
        raise Away("This is no pod of a cluster: KUBERNETES_SERVICE_HOST is not set.")
    if missing := [name for name in ("ca.crt", "token") if not (_ACCOUNT / name).is_file()]:
        raise Away(f"The pod's service account has no {' and no '.join(missing)}: {_ACCOUNT}.")
    return Way(f"https://{f'[{host}]' if ':' in host else host}:{port}", _ACCOUNT)


class KubernetesServer:
    """Asks a real one over HTTP."""

    def __init__(self, client: "httpx.AsyncClient", namespace: str) -> None:
        self._client = client
        self._path = {
            Kind.JOB: f"/apis/batch/v1/namespaces/{namespace}/jobs",
            Kind.POD: f"/api/v1/namespaces/{namespace}/pods",
        }
        self._deployments = f"/apis/apps/v1/namespaces/{namespace}/deployments"

    @classmethod
    def opened(cls, namespace: str, address: str | None = None) -> Self:
        """The server at `address`, or that of the pod's own cluster; raises Away as `way`."""
        import httpx  # noqa: PLC0415 - where there is a cluster

        class Token(httpx.Auth):
            """The pod's, which is another one from time to time."""

            def __init__(self, file: Path) -> None:
                self._file = file

            @override
            def auth_flow(self, request: httpx.Request) -> Iterator[httpx.Request]:  # type: ignore[override]
                request.headers["Authorization"] = f"Bearer {self._file.read_text(encoding='ascii').strip()}"
                yield request

        to = way(address)
        trusted = to.account is None or create_default_context(cafile=to.account / "ca.crt")
        auth = None if to.account is None else Token(to.account / "token")
        client = httpx.AsyncClient(base_url=to.address, auth=auth, verify=trusted, timeout=_ANSWER_S, trust_env=False)
        return cls(client, namespace)

    async def create_job(self, job: dict[str, Any]) -> None:
        """As `ApiServer.create_job`."""
        async with self._asked("POST", self._path[Kind.JOB], json=job):
            pass

    async def delete_job(self, name: str) -> bool:
        """As `ApiServer.delete_job`."""
        path = f"{self._path[Kind.JOB]}/{name}"
        async with self._asked("DELETE", path, missing=True, params={"propagationPolicy": "Foreground"}) as answer:
            return answer.status_code != HTTPStatus.NOT_FOUND

    async def listed(self, kind: Kind, selector: str) -> Listed:
        """As `ApiServer.listed`."""
        async with self._asked("GET", self._path[kind], params={"labelSelector": selector}) as answer:
            found = json.loads(await answer.aread())
        return found["items"], found["metadata"]["resourceVersion"]

    async def watch(
        self, kind: Kind, selector: str, version: str, within_s: float
    ) -> AsyncIterator[tuple[str, dict[str, Any]]]:
        """As `ApiServer.watch`."""
        from_there = {"labelSelector": selector, "resourceVersion": version, "timeoutSeconds": str(round(within_s))}
        asked = self._asked("GET", self._path[kind], params={**from_there, "watch": "true"}, timeout=within_s + _ANSWER_S)
        async with asked as answer:
            async for line in answer.aiter_lines():
                event = json.loads(line)
                if event["type"] == "ERROR":
                    _raise_for(event["object"]["code"], event["object"].get("message", ""))
                yield event["type"], event["object"]

    async def uid(self, owner: Owner) -> str:
        """As `ApiServer.uid`, of a Deployment."""
        async with self._asked("GET", f"{self._deployments}/{owner.name}") as answer:
            return str(json.loads(await answer.aread())["metadata"]["uid"])

    async def close(self) -> None:
        """End every connection."""
        await self._client.aclose()

    @asynccontextmanager
    async def _asked(self, method: str, path: str, *, missing: bool = False, **how: Any) -> "AsyncIterator[httpx.Response]":
        """The answer, read or not, let go of in the end; a refusal is raised, but for `missing` that nothing is there."""
        import httpx  # noqa: PLC0415 - loaded with its user

        try:
            async with self._client.stream(method, path, **how) as answer:
                if answer.is_error and not (missing and answer.status_code == HTTPStatus.NOT_FOUND):
                    await answer.aread()
                    _raise_for(answer.status_code, _message(answer.text))
                yield answer
        except httpx.TransportError as error:
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
