"""The settings of the chatbot: the only reader of the environment in it."""

from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import AliasChoices, Field
from pydantic_settings import SettingsConfigDict

from servicekit.addresses import Addresses, Host, Port, Url, client_url, derived
from servicekit.doors.settings import DoorSettings
from servicekit.logs import LogFormat

__all__ = ["Settings"]

_IN_THE_REPOSITORY: Final = Path(__file__).parents[2] / "models"


class Settings(Addresses, DoorSettings):
    """Where to listen, whom to ask, and how many chats are computed together."""

    model_config = SettingsConfigDict(extra="forbid")

    host: Annotated[Host, Field(validation_alias="CHATBOT_HOST")] = "localhost"
    """Address to listen at; `0.0.0.0` for every one of this machine."""
    port: Annotated[Port, Field(validation_alias="CHATBOT_PORT")] = 3032
    """Port to listen at."""
    models: Annotated[Path, Field(validation_alias="CHATBOT_MODELS")] = _IN_THE_REPOSITORY
    """Directory of the shipped bundles, one directory a language; a missing one is an untaught language."""
    viz_url: Url = Field(
        validation_alias=AliasChoices("CHATBOT_VIZ_URL", "VIZ_DASH_URL"), default_factory=derived("viz_host", "dash_port")
    )
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
        return client_url(self.host, self.port)
