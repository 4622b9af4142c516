"""The settings of the chatbot: the only reader of the environment in it."""

from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from servicekit.logs import LogFormat

__all__ = ["Settings"]

_ANYWHERE: Final = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - an address to bind is no address to ask; nothing binds here
_IN_THE_REPOSITORY: Final = Path(__file__).parents[2] / "models"

Port = Annotated[int, Field(ge=1, le=65535)]
Url = Annotated[str, Field(pattern=r"^https?://[^\s/]+(/\S*)?$")]


class Settings(BaseSettings):
    """Where to listen, whom to ask, and how many chats are computed together."""

    model_config = SettingsConfigDict(
        frozen=True, populate_by_name=True, extra="forbid", env_ignore_empty=True, use_attribute_docstrings=True
    )

    host: Annotated[str, Field(validation_alias="CHATBOT_HOST", min_length=1)] = "localhost"
    """Address to listen at; `0.0.0.0` for every one of this machine."""
    port: Annotated[Port, Field(validation_alias="CHATBOT_PORT")] = 3032
    """Port to listen at."""
    models: Annotated[Path, Field(validation_alias="CHATBOT_MODELS")] = _IN_THE_REPOSITORY
    """Directory of the shipped bundles, one directory a language; a missing one is an untaught language."""
    scores_host: Annotated[str, Field(validation_alias="NTDEMO_HOST", min_length=1)] = "localhost"
    """Where the scores API is asked."""
    scores_port: Annotated[Port, Field(validation_alias="NTDEMO_PORT")] = 3030
    """The scores API's port."""
    trainer_url: Annotated[Url, Field(validation_alias="NTDEMO_TRAINER_URL")] = "http://localhost:3031"
    """Asked by `ntdemo-chat` alone, to go on training."""
    trainer_key: Annotated[SecretStr | None, Field(validation_alias="TRAINER_API_KEY")] = None
    """The trainer's key, where it has one; sent by `ntdemo-chat`."""
    viz_url: Annotated[Url, Field(validation_alias="CHATBOT_VIZ_URL")] = "http://localhost:8050"
    """Where browsers find the pages that answers about fragments link to."""
    refresh_s: Annotated[float, Field(validation_alias="CHATBOT_REFRESH_S", gt=0, le=3600)] = 10.0
    """How often the scores API is asked for newer bundles."""
    rows: Annotated[int, Field(validation_alias="CHATBOT_ROWS", ge=1, le=1024)] = 64
    """Replies computed together; further ones wait."""
    waiting: Annotated[int, Field(validation_alias="CHATBOT_WAITING", ge=0, le=100_000)] = 256
    """Replies that may wait; further ones are refused."""
    threads: Annotated[int, Field(validation_alias="CHATBOT_THREADS", ge=1, le=256)] = 1
    """Processor threads of the networks."""
    log_format: Annotated[LogFormat, Field(validation_alias="NTDEMO_LOG_FORMAT")] = "text"
    """`text` for people, `json` for machines."""
    log_level: Annotated[Literal["debug", "info", "warning", "error"], Field(validation_alias="NTDEMO_LOG_LEVEL")] = "info"
    """The least level that is logged: debug, info, warning or error."""

    @property
    def url(self) -> str:
        """This service's address for a client on the same machine."""
        return _address(self.host, self.port)

    @property
    def scores_url(self) -> str:
        """The scores API's address for a client."""
        return _address(self.scores_host, self.scores_port)


def _address(host: str, port: int) -> str:
    """For a client; an address that only a server can bind becomes this machine's."""
    host = _ANYWHERE.get(host, host)
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
