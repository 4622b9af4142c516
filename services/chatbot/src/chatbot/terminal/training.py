"""Training: a bot's training continued by the trainer's jobs."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import httpx
from pydantic import SecretStr

from chatbot.terminal.events import server_events
from chatbot.terminal.failures import CorporaAway, TrainerAway, TrainingFailed
from chatbot.terminal.talk import Bot
from dialogue.bundle import Language

__all__ = ["Training"]

_PATIENCE_S: Final = 30.0
_SILENCE_S: Final = 60.0
_KIND: Final = "dialogue"
_JOBS: Final = 100
_SHIPPED: Final = "shipped"
_CORPUS: Final = re.compile(r"(?P<path>.+?)(?P<part>(?:#[^#]*?)?(?:\*\d+)?)", re.DOTALL)
"""A corpus as `ntdemo-train` names it: `PATH`, `PATH#SOURCE`, `PATH*N`."""


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

    def go_on(
        self,
        language: Language,
        iterations: int,
        *,
        bot: Bot | None,
        corpora: Sequence[str] = (),
        told: Callable[[str, Mapping[str, Any]], None],
    ) -> str:
        """Train until `iterations` steps, and wait for it; the run that was published.

        Without corpora, what the language's last training learned from is learned from again. With them a new training begins,
        with what the shipped bot knows, under its licence; where there is no bot at all, with nothing. Files are uploaded;
        folders are for the trainer to find. `told` gets the kind and data of each event of the job.

        Raises:
            CorporaAway: no corpora are named, and there is no training to go on with.
            TrainerAway: the trainer does not answer.
            TrainingFailed: a file is not here, or the trainer refuses a corpus or the job, or the job fails or is cancelled.
        """
        try:
            asked = self._asked(language, bot, corpora)
            job: str = self._post("/v1/jobs", json={"spec": {**asked, "iterations": iterations}})["id"]
            return self._follow(job, told)
        except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
            raise TrainerAway(self._url) from error

    def _asked(self, language: Language, bot: Bot | None, corpora: Sequence[str]) -> dict[str, Any]:
        asked: dict[str, Any] = {"kind": _KIND, "language": language.value}
        if corpora:
            asked["corpora"] = [self._corpus(corpus) for corpus in corpora]
        if bot is None:
            return asked
        if corpora:
            return {**asked, "begin_with": _SHIPPED}
        before = self._before(language)
        if before is None and not bot.published:
            raise CorporaAway(bot.model)
        return {**(before or asked), "minutes": None, "resume": True}

    def _before(self, language: Language) -> dict[str, Any] | None:
        """The spec of the language's last training, if this trainer's jobs know one."""
        jobs = self._http.get("/v1/jobs", params={"state": "succeeded", "limit": _JOBS}).raise_for_status().json()["items"]
        specs = [job["spec"] for job in jobs]
        return next((spec for spec in specs if spec["kind"] == _KIND and spec["language"] == language.value), None)

    def _corpus(self, text: str) -> str:
        """What the trainer calls a corpus, which it has been given where it is a file."""
        found = _CORPUS.fullmatch(text)
        path = Path(found["path"]) if found is not None else Path(text)
        if found is None or not path.is_file():
            if path.suffix and not path.exists():
                raise TrainingFailed(f"There is no file {str(path)!r} here to learn from.")
            return text
        name = f"corpus-{re.sub(r'[^A-Za-z0-9._-]', '_', path.name)[-100:]}"
        with path.open("rb") as content:
            headers = {"Content-Type": "application/octet-stream"}
            dataset = self._post("/v1/datasets", params={"name": name}, content=content, headers=headers)
        return f"{dataset['source']}{found['part']}"

    def _post(self, path: str, **request: Any) -> Any:
        response = self._http.post(path, **request)
        if response.is_client_error:
            raise TrainingFailed(response.json()["detail"])
        return response.raise_for_status().json()

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
