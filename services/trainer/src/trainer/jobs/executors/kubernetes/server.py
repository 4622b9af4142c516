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
from typing import TYPE_CHECKING, Any, Final, NoReturn, Protocol, Self

from typing_extensions import override

from trainer.jobs.executors.executor import Away
from trainer.jobs.templates import Owner

if TYPE_CHECKING:
    import httpx

__all__ = ["ApiServer", "Exists", "Expired", "Kind", "KubernetesServer", "Listed", "Refused", "Way", "way"]

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


class Refused(Exception):
    """The API server says that it will not do it."""


class _Missing(Refused):
    """There is no such object."""


class Exists(Exception):
    """There is such an object already."""


class Expired(Exception):
    """The version is too old to go on from: list anew."""


class ApiServer(Protocol):
    """Requests about Jobs of one namespace and their pods. Each may raise Away."""

    async def create_job(self, job: dict[str, Any]) -> None:
        """Make a Job; raises Exists or Refused."""

    async def delete_job(self, name: str) -> bool:
        """Begin to delete a Job, which is there until its pods are gone; False where there is none. Raises Refused."""

    async def listed(self, kind: Kind, selector: str) -> Listed:
        """The objects that bear these labels; raises Refused."""

    def watch(self, kind: Kind, selector: str, version: str, within_s: float) -> AsyncIterator[tuple[str, dict[str, Any]]]:
        """What happens to them from `version` on, as `ADDED`, `MODIFIED` or `DELETED` and the object.

        Raises:
            Expired: The version is too old.
            Refused: It may not be watched.
        """

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
        async with self._asked("POST", self._path[Kind.JOB], json=job) as answer:
            _ = json.loads(await answer.aread())["metadata"]["uid"]  # it is the API server that has made one

    async def delete_job(self, name: str) -> bool:
        """As `ApiServer.delete_job`."""
        try:
            async with self._asked("DELETE", f"{self._path[Kind.JOB]}/{name}", params={"propagationPolicy": "Foreground"}):
                return True
        except _Missing:
            return False

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
                    _raise_for(event["object"]["code"], event["object"])
                yield event["type"], event["object"]

    async def uid(self, owner: Owner) -> str:
        """As `ApiServer.uid`, of a Deployment."""
        async with self._asked("GET", f"{self._deployments}/{owner.name}") as answer:
            return str(json.loads(await answer.aread())["metadata"]["uid"])

    async def close(self) -> None:
        """End every connection."""
        await self._client.aclose()

    @asynccontextmanager
    async def _asked(self, method: str, path: str, **how: Any) -> "AsyncIterator[httpx.Response]":
        """The answer, let go of in the end; what is raised while it is asked or read is one of this module's."""
        import httpx  # noqa: PLC0415 - loaded with its user

        try:
            async with self._client.stream(method, path, **how) as answer:
                if not answer.is_success:
                    _raise_for(answer.status_code, _status(await answer.aread()))
                yield answer
        except (Away, Refused, Exists, Expired):
            raise
        except httpx.TransportError as error:
            raise Away(f"The cluster's API server does not answer: {str(error) or type(error).__name__}.") from error
        except Exception as error:  # whatever is wrong with an answer, or with the token, the next may be right
            raise Away(f"The cluster's API server is not understood: {type(error).__name__}: {error}.") from error


def _status(body: bytes) -> dict[str, Any] | None:
    """What a server of Kubernetes says of a request that it does not do; None where that is said by somebody in between."""
    try:
        found = json.loads(body)
    except ValueError:
        return None
    return found if isinstance(found, dict) and found.get("kind") == "Status" else None


def _raise_for(code: int, status: dict[str, Any] | None) -> NoReturn:
    """That something is refused, or there or not, is believed of the API server alone."""
    if status is None:
        raise Away(f"The cluster's API server is not reached: something answers {code}.")
    reason, message = status.get("reason", ""), str(status.get("message", ""))
    match code, reason:
        case HTTPStatus.CONFLICT, "AlreadyExists":
            raise Exists(message)
        case HTTPStatus.NOT_FOUND, "NotFound":
            raise _Missing(f"The cluster's API server refuses ({code}): {message}")
        case HTTPStatus.GONE, _:
            raise Expired(message)
        case ((400 | 403 | 404 | 405 | 413 | 415 | 422), _) if _QUOTA not in message:
            raise Refused(f"The cluster's API server refuses ({code}): {message}")
        case _:
            raise Away(f"The cluster's API server answers {code}: {message}")
