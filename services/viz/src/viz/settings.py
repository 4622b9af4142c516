"""The settings of viz: what it serves where, where the scores API and the trainer are, who may open a Bokeh session."""

import re
from typing import Annotated, Final

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import NoDecode, SettingsConfigDict

from servicekit.addresses import Addresses, Port, Url, client_url
from servicekit.logs import LogFormat

__all__ = ["Settings"]

_ORIGIN: Final = re.compile(r"^(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?$")
_LEVELS: Final = ("critical", "error", "warning", "info", "debug")


class Settings(Addresses):
    """Read once from the environment by `servicekit.command.load_settings`; every other module gets it as an argument."""

    model_config = SettingsConfigDict(extra="ignore", use_attribute_docstrings=True)

    bokeh_port: Port = Field(default=5006, validation_alias="VIZ_BOKEH_PORT")
    """Port of the Bokeh pages."""
    bokeh_origins: Annotated[tuple[str, ...], NoDecode] = Field(default=(), validation_alias="VIZ_BOKEH_ORIGINS")
    """`host:port` of every page that may open a Bokeh session, exactly; empty means this machine's own names."""
    dash_url: Url | None = Field(default=None, validation_alias="VIZ_DASH_URL")
    """Where browsers find the Dash pages, when a proxy stands before them; else the port on the page's own host."""
    bokeh_url: Url | None = Field(default=None, validation_alias="VIZ_BOKEH_URL")
    """Where browsers find the Bokeh pages, likewise."""
    trainer_api_key: SecretStr | None = Field(default=None, validation_alias="TRAINER_API_KEY")
    """The trainer's key, where it has one: whoever opens the pages may then upload and train."""
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
    def websocket_origins(self) -> tuple[str, ...]:
        """The allow-list of the Bokeh server, exact `host:port` entries."""
        names = (self.viz_host, "localhost", "127.0.0.1")
        own = dict.fromkeys(client_url(name, self.bokeh_port).removeprefix("http://") for name in names)
        return self.bokeh_origins or tuple(own)
