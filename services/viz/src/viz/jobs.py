"""The trainer's jobs: what is being trained now, and how far it is, live.

The list of jobs says their states. How far an unfinished one is comes as server-sent events: each is followed once, however
many pages look at it, and the newest progress is kept.
"""

import asyncio
import json
import re
from collections.abc import Mapping, Sequence
from functools import partial
from types import TracebackType
from typing import Any, Final, Self

import httpx
import structlog
from httpx_sse import ServerSentEvent, aconnect_sse
from pydantic import SecretStr

from servicekit.client import ServiceAway, ServiceProblem, answer_of, asking, bearer, checked
from servicekit.tracing import propagating
from trainer_client import Client
from trainer_client.api.datasets import list_datasets
from trainer_client.api.jobs import follow_job, get_job, list_jobs
from trainer_client.models import BotSpec, DatasetList, FactorsSpec, JobPage, JobResource, JobState, Language
from viz.answers import Job
from viz.failures import NotInRun, UpstreamAway
from viz.language import N_, OF_CODE, _, enumerated, speaking, word

__all__ = ["Progress", "TrainerJobs"]

_TRAINER: Final = N_("the trainer")
_PATIENCE_S: Final = 3.0
_SILENCE_S: Final = 60.0
_UNFINISHED: Final = frozenset({JobState.QUEUED, JobState.RUNNING, JobState.PUBLISHING})
_UPLOAD: Final = re.compile(r"dataset:([0-9a-f]{64})")
_SOURCES: Final = {
    "default": N_("the trainer's own data"),
    "built-in": N_("the built-in data"),
    "starter": N_("the starter conversations"),
}
_LANGUAGES: Final = {Language.EN: N_("English"), Language.JA: N_("Japanese")}
_SPARK: Final = "spark"
_STAGES: Final = {
    _SPARK: N_("starting Spark"),
    "read": N_("reading and checking the data"),
    "fit": N_("fitting the factors"),
    "neighbours": N_("ranking neighbours"),
    "learn": N_("training the network"),
    "measure": N_("measuring it on conversations held out"),
    "network": N_("checking the ONNX network"),
    "write": N_("writing files"),
    "commit": N_("committing them"),
    "publish": N_("publishing"),
}
_log = structlog.stdlib.get_logger(__name__)


class Progress:
    """How far one job is, by its events. Stages overlap: Spark starts while the data are read."""

    def __init__(self) -> None:
        self._lasting: list[str] = []
        self._newest: Mapping[str, Any] = {}

    def take(self, event: ServerSentEvent) -> None:
        """Take in the next event."""
        data: dict[str, Any] = json.loads(event.data)
        match event.event:
            case "attempt":
                self._lasting, self._newest = [], {}
            case "stage-started":
                self._lasting.append(data["stage"])
            case "stage-finished":
                self._lasting = [stage for stage in self._lasting if stage != data["stage"]]
                self._newest = {} if self._newest.get("stage") == data["stage"] else self._newest
            case "progress":
                self._newest = data

    @property
    def stage(self) -> str | None:
        """The stage that began last and lasts; Spark's start only where nothing else is done."""
        return next((stage for stage in reversed(self._lasting) if stage != _SPARK), next(iter(self._lasting), None))

    def figures(self) -> Mapping[str, Any]:
        """`done`, `total`, `loss` and `eta_s` of that stage, as far as it has told them."""
        return self._newest if self._newest.get("stage") == self.stage else {}


class TrainerJobs:
    """A client to be entered on the event loop that uses it, and left on the same."""

    def __init__(self, url: str, *, key: SecretStr | None = None, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._url = url.rstrip("/")
        self._client = Client(
            base_url=self._url,
            headers=bearer(key),
            timeout=httpx.Timeout(_PATIENCE_S),
            httpx_args={"trust_env": False, **propagating()} | ({} if transport is None else {"transport": transport}),
        )
        self._followers: dict[str, asyncio.Task[None]] = {}
        self._progress: dict[str, Progress] = {}
        self._uploads: dict[str, str | None] = {}
        """Names of uploaded files by their digest; None of one that was removed."""

    async def __aenter__(self) -> Self:
        await self._client.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for follower in self._followers.values():
            follower.cancel()
        await asyncio.gather(*self._followers.values(), return_exceptions=True)
        await self._client.__aexit__(kind, error, trace)

    async def newest(self, limit: int) -> tuple[Job, ...]:
        """The newest jobs, the newest first.

        Raises:
            UpstreamAway: the trainer does not answer, or what answers is not the trainer.
        """
        try:
            page = await answer_of(list_jobs.asyncio(client=self._client, limit=limit), JobPage, service=_TRAINER)
            await self._name_uploads({digest for job in page.items for digest in _UPLOAD.findall(" ".join(_sources(job.spec)))})
        except (ServiceAway, ServiceProblem) as failure:
            raise UpstreamAway(_TRAINER, self._url, failure) from failure
        return tuple(self._job(job) for job in self._watched(page.items))

    async def one(self, job: str) -> Job:
        """A job by its id.

        Raises:
            NotInRun: the trainer knows no such job.
            UpstreamAway: as above.
        """
        try:
            found = await answer_of(get_job.asyncio(job, client=self._client), JobResource, service=_TRAINER)
            await self._name_uploads({digest for source in _sources(found.spec) for digest in _UPLOAD.findall(source)})
        except ServiceProblem as problem:
            if problem.slug == "job-not-found":
                raise NotInRun(problem.detail) from problem
            raise UpstreamAway(_TRAINER, self._url, problem) from problem
        except ServiceAway as failure:
            raise UpstreamAway(_TRAINER, self._url, failure) from failure
        (watched,) = self._watched([found])
        return self._job(watched)

    def _watched(self, jobs: Sequence[JobResource]) -> Sequence[JobResource]:
        """The same jobs; those that are not finished are followed from now on."""
        for job in jobs:
            if job.state in _UNFINISHED and job.id not in self._followers:
                self._progress[job.id] = Progress()
                with speaking(OF_CODE):  # it outlives this request
                    follower = asyncio.create_task(self._follow(job.id))
                self._followers[job.id] = follower
                follower.add_done_callback(partial(self._forget, job.id))
        return jobs

    async def _name_uploads(self, digests: set[str]) -> None:
        if digests - self._uploads.keys():
            listed = await answer_of(list_datasets.asyncio(client=self._client), DatasetList, service=_TRAINER)
            self._uploads |= dict.fromkeys(digests)  # removed from the trainer's disk
            self._uploads |= {dataset.sha256: dataset.name for dataset in listed.items}

    async def _follow(self, job: str) -> None:
        """Keep the newest progress of a job until it ends."""
        question = follow_job._get_kwargs(job)  # noqa: SLF001 - the generated functions read an answer whole; this one has no end
        patience = httpx.Timeout(_PATIENCE_S, read=_SILENCE_S)
        try:
            with asking(_TRAINER):
                async with aconnect_sse(self._client.get_async_httpx_client(), timeout=patience, **question) as events:
                    if events.response.is_error:
                        await events.response.aread()
                        checked(events.response)
                    async for event in events.aiter_sse():
                        if event.data:  # httpx-sse makes an event of the trainer's comments as well
                            self._progress[job].take(event)
        except (ServiceAway, ServiceProblem) as failure:
            _log.info("job_no_longer_followed", job=job, reason=str(failure))

    def _forget(self, job: str, _: asyncio.Task[None]) -> None:
        del self._followers[job], self._progress[job]

    def _job(self, job: JobResource) -> Job:
        progress = self._progress.get(job.id, Progress())
        figures = progress.figures()
        done, total = figures.get("done"), figures.get("total")
        return Job(
            id=job.id,
            state=job.state,
            unfinished=job.state in _UNFINISHED,
            title=self._title(job.spec),
            created=job.created,
            run=job.run,
            stage=None if progress.stage is None else word(_STAGES, progress.stage),
            percent=100.0 * done / total if done is not None and total else None,
            loss=figures.get("loss"),
            rate=figures.get("rate"),
            eta_s=figures.get("eta_s"),
            problem=None if job.problem is None else job.problem.detail,
        )

    def _title(self, spec: BotSpec | FactorsSpec | None) -> str:
        if spec is None:
            return _("a job of an earlier version")
        data = enumerated(self._named(source) for source in _sources(spec))
        if isinstance(spec, BotSpec):
            return _("{language} chatbot from {data}", language=_(_LANGUAGES[spec.language]), data=data)
        if spec.objective and spec.rank:
            return _("{objective} of rank {rank} from {data}", objective=_(spec.objective), rank=spec.rank, data=data)
        return _("factors from {data}", data=data)  # the data decide the rest

    def _named(self, source: str) -> str:
        return _(_SOURCES[source]) if source in _SOURCES else _UPLOAD.sub(lambda upload: self._upload(upload[1]), source)

    def _upload(self, digest: str) -> str:
        return self._uploads[digest] or _("upload {digest}…", digest=digest[:8])


def _sources(spec: BotSpec | FactorsSpec | None) -> list[str]:
    """What a job learns from, as its spec names it; a bot that names nothing learns from the starter corpus."""
    if spec is None:
        return []
    return (spec.corpora or ["starter"]) if isinstance(spec, BotSpec) else (spec.sources or ["default"])
