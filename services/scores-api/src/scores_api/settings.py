"""Settings: the only reader of the environment in the scores API."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from servicekit.logs import LogFormat

__all__ = ["Settings"]


def _listed(value: object) -> object:
    """`a, b` as an environment variable carries it."""
    return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


class Settings(BaseSettings):
    """Where the store lies, where to listen, how to log."""

    model_config = SettingsConfigDict(
        frozen=True, extra="forbid", populate_by_name=True, env_ignore_empty=True, use_attribute_docstrings=True
    )

    state: Annotated[Path, Field(validation_alias="NTDEMO_STATE")] = Path("var")
    """State directory; the store lies in `store/` under it."""
    host: Annotated[str, Field(validation_alias="NTDEMO_HOST", min_length=1)] = "localhost"
    """Address to listen at; `0.0.0.0` for every one of this machine."""
    port: Annotated[int, Field(validation_alias="NTDEMO_PORT", ge=1, le=65535)] = 3030
    """Port to listen at."""
    log_format: Annotated[LogFormat, Field(validation_alias="NTDEMO_LOG_FORMAT")] = "text"
    """`text` for people, `json` for machines."""
    log_level: Annotated[Literal["debug", "info", "warning", "error"], Field(validation_alias="NTDEMO_LOG_LEVEL")] = "info"
    """The least level that is logged: debug, info, warning or error."""
    cors_origins: Annotated[
        tuple[str, ...], NoDecode, BeforeValidator(_listed), Field(validation_alias="SCORES_API_CORS_ORIGINS")
    ] = ()
    """Origins of web pages that may read the API from a browser, separated by commas; none by default."""
    publication_wait_s: Annotated[float, Field(validation_alias="SCORES_API_PUBLICATION_WAIT_S", ge=0, le=60)] = 0.1
    """How long a request that sees a new publication waits for it before it is answered from the run before."""
    guard_s: Annotated[float, Field(validation_alias="SCORES_API_GUARD_S", gt=0, le=3600)] = 5.0
    """How often the publications log is read whole, for stores that were replaced or restored."""
    kept_runs: Annotated[int, Field(validation_alias="SCORES_API_KEPT_RUNS", ge=1, le=1000)] = 4
    """Old runs held open at a time."""
