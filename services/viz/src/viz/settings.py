"""The settings of viz: what it serves where, where the scores API and the trainer are, who may open a Bokeh session."""

import re
from typing import Annotated, Final

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from servicekit.logs import LogFormat

__all__ = ["Settings"]

_ANYWHERE: Final = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - an address to bind is no address to ask; nothing binds here
_ORIGIN: Final = re.compile(r"^(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?$")
_LEVELS: Final = ("critical", "error", "warning", "info", "debug")

Port = Annotated[int, Field(ge=1, le=65535)]
Url = Annotated[str, Field(pattern=r"^https?://[^\s/]+(/\S*)?$")]


class Settings(BaseSettings):
    """Read once from the environment by `servicekit.command.load_settings`; every other module gets it as an argument."""

    model_config = SettingsConfigDict(
        frozen=True, populate_by_name=True, extra="ignore", env_ignore_empty=True, use_attribute_docstrings=True
    )

    scores_host: str = Field(default="localhost", validation_alias="NTDEMO_HOST")
    """Where the scores API is asked."""
    scores_port: Port = Field(default=3030, validation_alias="NTDEMO_PORT")
    """The scores API's port."""
    trainer_url: Url = Field(default="http://localhost:3031", validation_alias="NTDEMO_TRAINER_URL")
    """Where the trainer is asked about its jobs."""
    host: str = Field(default="localhost", validation_alias="VIZ_HOST")
    """Address to listen at; `0.0.0.0` for every one of this machine."""
    dash_port: Port = Field(default=8050, validation_alias="VIZ_DASH_PORT")
    """Port of the Dash pages."""
    bokeh_port: Port = Field(default=5006, validation_alias="VIZ_BOKEH_PORT")
    """Port of the Bokeh pages."""
    bokeh_origins: Annotated[tuple[str, ...], NoDecode] = Field(default=(), validation_alias="VIZ_BOKEH_ORIGINS")
    """`host:port` of every page that may open a Bokeh session, exactly; empty means this machine's own names."""
    dash_url: Url | None = Field(default=None, validation_alias="VIZ_DASH_URL")
    """Where browsers find the Dash pages, when a proxy stands before them; else the port on the page's own host."""
    bokeh_url: Url | None = Field(default=None, validation_alias="VIZ_BOKEH_URL")
    """Where browsers find the Bokeh pages, likewise."""
    log_format: LogFormat = Field(default="text", validation_alias="NTDEMO_LOG_FORMAT")
    """`text` for people, `json` for machines."""
    log_level: str = Field(default="info", validation_alias="NTDEMO_LOG_LEVEL")
    """The least level that is logged: debug, info, warning, error or critical."""

    @field_validator("bokeh_origins", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @field_validator("bokeh_origins")
    @classmethod
    def _exact(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for origin in value:
            if not _ORIGIN.match(origin):
                raise ValueError(f"{origin!r} is not a host or host:port; patterns are not taken")
        return value

    @field_validator("log_level")
    @classmethod
    def _known_level(cls, value: str) -> str:
        if value.lower() not in _LEVELS:
            raise ValueError(f"not one of {', '.join(_LEVELS)}")
        return value.lower()

    @property
    def scores_url(self) -> str:
        """The scores API's address for a client; an address that only a server can bind becomes this machine's."""
        host = _ANYWHERE.get(self.scores_host, self.scores_host)
        return f"http://[{host}]:{self.scores_port}" if ":" in host else f"http://{host}:{self.scores_port}"

    @property
    def websocket_origins(self) -> tuple[str, ...]:
        """The allow-list of the Bokeh server, exact `host:port` entries."""
        names = dict.fromkeys((_ANYWHERE.get(self.host, self.host), "localhost", "127.0.0.1"))
        own = tuple(f"[{name}]:{self.bokeh_port}" if ":" in name else f"{name}:{self.bokeh_port}" for name in names)
        return self.bokeh_origins or own
