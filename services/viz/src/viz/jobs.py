"""The trainer's jobs, asked for over HTTP: what is being trained now, and how far it is."""

from types import TracebackType
from typing import Any, Self

import httpx

from viz.answers import Job
from viz.failures import TrainerAway

__all__ = ["TrainerJobs"]

_PATIENCE_S = 3.0


class TrainerJobs:
    """An asynchronous client of `GET /v1/jobs`; entered and left by the application's lifespan."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._http: httpx.AsyncClient | None = None

    async def __aenter__(self) -> Self:
        self._http = httpx.AsyncClient(base_url=self._url, timeout=_PATIENCE_S)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._http is not None:
            await self._http.aclose()

    async def newest(self, limit: int) -> tuple[Job, ...]:
        """The newest jobs.

        Raises:
            TrainerAway: it does not answer.
        """
        assert self._http is not None  # noqa: S101 - used within the lifespan only
        try:
            response = await self._http.get("/v1/jobs", params={"limit": limit})
            response.raise_for_status()
        except httpx.HTTPError as error:
            raise TrainerAway(self._url, type(error).__name__) from error
        items: list[dict[str, Any]] = response.json()["items"]
        return tuple(
            Job(id=item["id"], kind=item["kind"], state=item["state"], created=item["created"], percent=None, detail="")
            for item in items
        )
