"""The trainer's settings: the only place that reads the environment."""

import os
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import NoDecode, SettingsConfigDict

from servicekit.doors.settings import DoorSettings
from servicekit.logs import LogFormat
from trainer.runs.ingest import OnError

__all__ = ["InvalidSettings", "Settings"]

_MOUNTED_DATA: Final = Path("/data/data.json")


class InvalidSettings(Exception):
    """A variable has a value that cannot be used; `str()` is one sentence that names it."""


class Settings(DoorSettings):
    """What can be set, by environment variable. Creating it touches no file."""

    model_config = SettingsConfigDict(
        frozen=True,
        extra="forbid",
        validate_default=True,
        populate_by_name=True,
        env_ignore_empty=True,
        use_attribute_docstrings=True,
    )

    state: Annotated[Path, Field(alias="NTDEMO_STATE")] = Path("var")
    """Directory of the store, the jobs and the uploads."""
    data: Annotated[Path | None, Field(alias="NTDEMO_DATA")] = None
    """What is trained on at the start; `/data/data.json` where that exists, else the built-in data."""
    on_error: Annotated[OnError, Field(alias="NTDEMO_ON_ERROR")] = OnError.FAIL
    """What the start does with molecules that cannot be used."""
    host: Annotated[str, Field(alias="TRAINER_HOST", min_length=1)] = "localhost"
    """Address to listen at; `0.0.0.0` for every one of this machine."""
    port: Annotated[int, Field(alias="TRAINER_PORT", ge=1, le=65535)] = 3031
    """Port to listen at."""
    data_dirs: Annotated[tuple[Path, ...], NoDecode, Field(alias="TRAINER_DATA_DIRS")] = ()
    """Directories whose files a job may name over HTTP, separated by `:`; beside the start's own data."""
    database: Annotated[str | None, Field(alias="TRAINER_DATABASE")] = None
    """The one database that a job may name over HTTP as its source: `postgresql://host:port/database`."""
    database_user: Annotated[str | None, Field(alias="TRAINER_DATABASE_USER")] = None
    """Who reads databases, where a source does not say."""
    database_password: Annotated[SecretStr | None, Field(alias="TRAINER_DATABASE_PASSWORD", exclude=True)] = None
    """Of that user; sources, logs, runs and errors hold none."""
    database_password_file: Annotated[Path | None, Field(alias="TRAINER_DATABASE_PASSWORD_FILE")] = None
    """A file whose first line is the password."""
    upload_limit_bytes: Annotated[int, Field(alias="TRAINER_UPLOAD_LIMIT_BYTES", ge=1)] = 4 * 2**30
    """Bytes that one upload may have."""
    uploads_limit_bytes: Annotated[int, Field(alias="TRAINER_UPLOADS_LIMIT_BYTES", ge=1)] = 32 * 2**30
    """Bytes that all uploads together may have."""
    executor: Annotated[Literal["local", "kubernetes"], Field(alias="TRAINER_EXECUTOR")] = "local"
    """Where jobs run: `local` processes of this machine, or Jobs of the `kubernetes` cluster that this pod belongs to."""
    job_templates: Annotated[Path | None, Field(alias="TRAINER_JOB_TEMPLATES")] = None
    """The file that says what a cluster gives a job, as the chart writes it; needed by the executor `kubernetes`."""
    kubernetes_api: Annotated[str | None, Field(alias="TRAINER_KUBERNETES_API", pattern=r"^https?://\S+$")] = None
    """The cluster's API server, asked without a token, such as `kubectl proxy`; unset, that of the pod's own cluster."""
    devices: Annotated[Path | None, Field(alias="TRAINER_DEVICES")] = None
    """A JSON file that lists devices to stand in for those of this machine; for tests and trials."""
    gpus: Annotated[int, Field(alias="TRAINER_GPUS", ge=0)] = 0
    """GPUs that this trainer must find: with fewer it is not ready, and jobs that choose no device wait instead of taking the
    processor."""
    jobs_per_gpu: Annotated[int, Field(alias="TRAINER_JOBS_PER_GPU", ge=1, le=64)] = 1
    """Jobs that may share a GPU, by the memory that each needs."""
    cpu_jobs: Annotated[int | None, Field(alias="TRAINER_CPU_JOBS", ge=1, le=1024)] = None
    """Jobs that the processor works on at once; unset, one for every 8 cores and 8 GiB, one at least."""
    queue_limit: Annotated[int, Field(alias="TRAINER_QUEUE_LIMIT", ge=1)] = 20_000
    """Jobs that may wait."""
    frozen_s: Annotated[float, Field(alias="TRAINER_FROZEN_S", gt=0)] = 3600.0
    """A job that tells nothing for so many seconds is stopped and started again."""
    spark_master: Annotated[str, Field(alias="TRAINER_SPARK_MASTER", pattern=r"^(local(\[.*\])?|spark://.+)$")] = "local[*]"
    """Where Spark computes: `local[N]` on this machine, `local[*]` on as many threads as its cores and memory carry, or
    `spark://…`."""
    log_format: Annotated[LogFormat, Field(alias="NTDEMO_LOG_FORMAT")] = "text"
    """`text` for people, `json` for machines."""
    log_level: Annotated[str, Field(alias="NTDEMO_LOG_LEVEL", pattern=r"(?i)^(debug|info|warning|error|critical)$")] = "info"
    """The least level that is logged: debug, info, warning, error or critical."""

    @field_validator("state", "data")
    @classmethod
    def _absolute(cls, value: Path | None) -> Path | None:
        return None if value is None else value.expanduser().absolute()

    @field_validator("data_dirs")
    @classmethod
    def _all_absolute(cls, values: tuple[Path, ...]) -> tuple[Path, ...]:
        return tuple(value.expanduser().absolute() for value in values)

    @field_validator("data_dirs", mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:
        return tuple(part for part in value.split(os.pathsep) if part) if isinstance(value, str) else value

    @property
    def keys_file(self) -> Path:
        """The file of keys."""
        return self.keys or self.state / "access" / "keys.json"

    @classmethod
    def from_environment(cls) -> Self:
        """The settings of this process; raises InvalidSettings."""
        try:
            return cls()
        except ValidationError as error:
            first = error.errors()[0]
            name = str(first["loc"][0]) if first["loc"] else "the environment"
            raise InvalidSettings(f"{name} is {first['input']!r}: {first['msg'][:1].lower()}{first['msg'][1:]}.") from None

    def password_of_database(self) -> str | None:
        """The password by which databases are read; raises OSError where its file cannot be read."""
        if self.database_password is not None:
            return self.database_password.get_secret_value()
        if self.database_password_file is not None:
            return self.database_password_file.read_text(encoding="utf-8").partition("\n")[0].rstrip("\r")
        return None

    def start_data(self) -> Path | None:
        """What the start trains on; None is the built-in data. A path that was set counts even if nothing is there."""
        if self.data is not None:
            return self.data
        return _MOUNTED_DATA if _MOUNTED_DATA.exists() else None
