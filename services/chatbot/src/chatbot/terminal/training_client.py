"""Training client: a bot's training continued by the trainer's jobs."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import attrs
import httpx
from httpx_sse import connect_sse
from pydantic import SecretStr

from chatbot.terminal.chat_client import Bot
from chatbot.terminal.failures import CorporaAway, TrainerAway, TrainingFailed
from dialogue.bundle import Language
from servicekit.client import ServiceAway, ServiceProblem, asking, bearer, checked, expected
from trainer_client import Client
from trainer_client.api.datasets import create_dataset
from trainer_client.api.jobs import create_job, list_jobs
from trainer_client.models import BotSpec, DatasetResource, JobPage, JobRequest, JobResource, JobState
from trainer_client.models import Language as WireLanguage
from trainer_client.types import File

__all__ = ["TrainingClient"]

_TIMEOUT_S: Final = 30.0
_SILENCE_S: Final = 60.0
_JOBS: Final = 100
_SHIPPED: Final = "shipped"
_SERVICE: Final = "the trainer"
_CORPUS: Final = re.compile(r"(?P<path>.+?)(?P<part>(?:#[^#]*?)?(?:\*\d+)?)", re.DOTALL)
"""A corpus as `ntdemo-train` names it: `PATH`, `PATH#SOURCE`, `PATH*N`."""


class TrainingClient:
    """A client of the trainer, which may ask for its key."""

    def __init__(self, url: str, *, key: SecretStr | None = None, transport: httpx.BaseTransport | None = None) -> None:
        self._url = url
        self._client: Any = Client(  # of the two generated classes, the other takes no client without a key
            base_url=url,
            headers=bearer(key),
            timeout=httpx.Timeout(_TIMEOUT_S, connect=3.0, read=_SILENCE_S),
            httpx_args={"trust_env": False, "transport": transport},
        )

    def __enter__(self) -> Self:
        self._client.__enter__()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._client.__exit__(kind, error, trace)

    def go_on(
        self,
        language: Language,
        iterations: int,
        *,
        bot: Bot | None,
        corpora: Sequence[str] = (),
        on_event: Callable[[str, Mapping[str, Any]], None],
    ) -> str:
        """Train until `iterations` steps, and wait for it; the run that was published.

        Without corpora, what the language's last training learned from is learned from again. With them a new training begins,
        with what the shipped bot knows, under its licence; where there is no bot at all, with nothing. Files are uploaded;
        folders are for the trainer to find. `on_event` gets the kind and data of each event of the job.

        Raises:
            CorporaAway: no corpora are named, and there is no training to go on with.
            TrainerAway: the trainer does not answer.
            TrainingFailed: a file is not here, or the trainer refuses a corpus or the job, or the job fails or is cancelled.
        """
        with self._asking():
            spec = attrs.evolve(self._spec(language, bot, corpora), iterations=iterations)
            job = expected(create_job.sync(client=self._client, body=JobRequest(spec)), JobResource, service=_SERVICE)
            return self._follow(job.id, on_event)

    def _spec(self, language: Language, bot: Bot | None, corpora: Sequence[str]) -> BotSpec:
        spec = BotSpec("dialogue", WireLanguage(language))
        if corpora:
            spec.corpora = [self._corpus(corpus) for corpus in corpora]
        if bot is None:
            return spec
        if corpora:
            return attrs.evolve(spec, begin_with=_SHIPPED)
        last = self._last_spec(spec.language)
        if last is None and not bot.published:
            raise CorporaAway(bot.model)
        return attrs.evolve(last or spec, minutes=None, resume=True)

    def _last_spec(self, language: WireLanguage) -> BotSpec | None:
        """Of the language's last training, if this trainer's jobs know one."""
        answer = list_jobs.sync(client=self._client, state=[JobState.SUCCEEDED], limit=_JOBS)
        specs = [job.spec for job in expected(answer, JobPage, service=_SERVICE).items]
        return next((spec for spec in specs if isinstance(spec, BotSpec) and spec.language == language), None)

    def _corpus(self, text: str) -> str:
        """What the trainer calls a corpus, which it has been given where it is a file."""
        parts = _CORPUS.fullmatch(text)
        path = Path(parts["path"]) if parts is not None else Path(text)
        if parts is None or not path.is_file():
            if path.suffix and not path.exists():
                raise TrainingFailed(f"There is no file {str(path)!r} here to learn from.")
            return text
        name = f"corpus-{re.sub(r'[^A-Za-z0-9._-]', '_', path.name)[-100:]}"
        with path.open("rb") as content:
            answer = create_dataset.sync(client=self._client, body=File(payload=content), name=name)
        return f"{expected(answer, DatasetResource, service=_SERVICE).source}{parts['part']}"

    def _follow(self, job: str, on_event: Callable[[str, Mapping[str, Any]], None]) -> str:
        with connect_sse(self._client.get_httpx_client(), "GET", f"/v1/jobs/{job}/events") as stream:
            if stream.response.is_error:
                stream.response.read()
            checked(stream.response)
            for event in stream.iter_sse():
                on_event(event.event, event.json())
                if event.event == "end":
                    return _published(JobResource.from_dict(event.json()))
        raise TrainerAway(self._url)

    @contextmanager
    def _asking(self) -> Iterator[None]:
        try:
            with asking(_SERVICE):
                yield
        except ServiceAway as error:
            raise TrainerAway(self._url) from error
        except ServiceProblem as problem:
            raise TrainingFailed(problem.detail) from problem


def _published(job: JobResource) -> str:
    if job.state is JobState.SUCCEEDED and job.run is not None:
        return job.run
    raise TrainingFailed(job.problem.detail if job.problem else f"the job was {job.state}")
