"""Job templates: what a cluster gives a job on each kind of device, as the file says that the chart writes."""

import errno
from collections.abc import Iterator
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field

from trainer.settings import Settings

__all__ = ["JobTemplate", "JobTemplates", "Owner"]

_Word = Annotated[str, Field(min_length=1, max_length=63)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Owner(_Part):
    """The object with which a cluster removes the Jobs: the trainer's Deployment."""

    api_version: str
    kind: str
    name: str


class JobTemplate(_Part):
    """A `batch/v1` Job, and what the queue has to know of it."""

    at_once: Annotated[int, Field(ge=1)]
    """Jobs like this at once; the cluster's own quotas may allow fewer."""
    memory_bytes: Annotated[int, Field(ge=1)]
    """What one has on the device that it computes on: the pod's memory, or the GPU's."""
    cores: Annotated[int, Field(ge=1)]
    """Of the processor, in each pod."""
    nodes: Annotated[int, Field(ge=1)] = 1
    """Pods that train one chatbot together."""
    processes: Annotated[int, Field(ge=1)] = 1
    """Of such a training, in each of its pods: one a GPU."""
    job: dict[str, Any]
    """The Job but for its name, labels and command; its first container is the job's."""


class JobTemplates(_Part):
    """The whole file."""

    namespace: _Word
    labels: Annotated[dict[str, str], Field(min_length=1)]
    """Of every Job and pod; no other trainer's bear them."""
    subdomain: _Word
    """The Service without an address under which pods of one training find each other."""
    pending_s: Annotated[float, Field(gt=0)] = 3600.0
    """A job fails whose pod no node takes for so long."""
    owner: Owner | None = None
    cpu: JobTemplate
    gpu: JobTemplate | None = None

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """The templates of the file that the settings name; raises OSError or ValidationError."""
        if settings.job_templates is None:
            raise FileNotFoundError(
                errno.ENOENT, "TRAINER_EXECUTOR=kubernetes needs a file of job templates", "TRAINER_JOB_TEMPLATES"
            )
        return cls.model_validate_json(settings.job_templates.read_bytes())

    @property
    def selector(self) -> str:
        """Selects our Jobs and pods by their labels."""
        return ",".join(f"{name}={value}" for name, value in sorted(self.labels.items()))

    def each(self) -> Iterator[tuple[str, JobTemplate]]:
        """Every template by the name of its device."""
        yield "cpu", self.cpu
        if self.gpu is not None:
            yield "cuda", self.gpu
