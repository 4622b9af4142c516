"""Training: a bot's training continued by the trainer's jobs."""

import json
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, Final, Self

import httpx
from pydantic import SecretStr

from chatbot.terminal.events import server_events
from chatbot.terminal.failures import TrainerAway, TrainingFailed
from contracts.dialogue import Language

__all__ = ["Training"]

_PATIENCE_S: Final = 30.0
_SILENCE_S: Final = 60.0
_KIND: Final = "dialogue"
_JOBS: Final = 100


class Training:
    """A client of the trainer, which may ask for its key."""

    def __init__(self, url: str, *, key: SecretStr | None = None, transport: httpx.BaseTransport | None = None) -> None:
        self._url = url
        timeout = httpx.Timeout(_PATIENCE_S, connect=3.0, read=_SILENCE_S)
        headers = {"Authorization": f"Bearer {key.get_secret_value()}"} if key else {}
        self._http = httpx.Client(base_url=url, timeout=timeout, trust_env=False, transport=transport, headers=headers)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._http.close()

    def go_on(self, language: Language, iterations: int, *, anew: bool, told: Callable[[str, Mapping[str, Any]], None]) -> str:
        """Train until `iterations` steps, and wait for it; the run that was published.

        What the last training of the language learned from is learned from again. `anew` begins from nothing. `told` gets the
        kind and data of each event of the job.

        Raises:
            TrainerAway: the trainer does not answer.
            TrainingFailed: it refuses the job, or the job fails or is cancelled.
        """
        try:
            job = self._submit(language, iterations, anew=anew)
            return self._follow(job, told)
        except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
            raise TrainerAway(self._url) from error

    def _submit(self, language: Language, iterations: int, *, anew: bool) -> str:
        asked: dict[str, Any] = {"kind": _KIND, "language": language.value}
        if not anew:
            jobs = self._http.get("/v1/jobs", params={"state": "succeeded", "limit": _JOBS}).raise_for_status().json()["items"]
            specs = [job["spec"] for job in jobs]
            before = (spec for spec in specs if spec["kind"] == _KIND and spec["language"] == language.value)
            asked = {**next(before, asked), "minutes": None, "resume": True}
        response = self._http.post("/v1/jobs", json={"spec": {**asked, "iterations": iterations}})
        if response.is_client_error:
            raise TrainingFailed(response.json()["detail"])
        identity: str = response.raise_for_status().json()["id"]
        return identity

    def _follow(self, job: str, told: Callable[[str, Mapping[str, Any]], None]) -> str:
        with self._http.stream("GET", f"/v1/jobs/{job}/events") as response:
            response.raise_for_status()
            for kind, data in server_events(response.iter_lines()):
                event = json.loads(data)
                told(kind, event)
                if kind == "end":
                    return _published(event)
        raise TrainerAway(self._url)


def _published(job: Mapping[str, Any]) -> str:
    if job["state"] == "succeeded":
        run: str = job["run"]
        return run
    problem = job["problem"]
    raise TrainingFailed(problem["detail"] if problem else f"the job was {job['state']}")
