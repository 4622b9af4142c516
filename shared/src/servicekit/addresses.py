"""Addresses: where each service of the product is asked, from the variables that say where it listens.

`NTDEMO_HOST`/`NTDEMO_PORT` (scores API), `TRAINER_HOST`/`TRAINER_PORT` and `VIZ_HOST`/`VIZ_DASH_PORT` hold for the service that
binds them and for all that ask it. A client's own variable, as `NTDEMO_TRAINER_URL`, goes before them where the way leads
through a proxy or between containers.
"""

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Final

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

__all__ = ["Addresses", "Host", "Port", "Url", "client_url", "derived"]

_ANYWHERE: Final = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - an address to bind is no address to ask; nothing binds here

Host = Annotated[str, Field(min_length=1)]
Port = Annotated[int, Field(ge=1, le=65535)]
Url = Annotated[str, Field(pattern=r"^https?://[^\s/]+(/\S*)?$")]


def client_url(host: str, port: int) -> str:
    """The address to ask a service that listens there; one that only a server can bind becomes this machine's."""
    host = _ANYWHERE.get(host, host)
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def derived(host: str, port: str) -> Callable[[Mapping[str, Any]], str]:
    """The default of a URL that nobody set: what the settings' fields of these names, which stand before it, say."""
    return lambda settings: client_url(settings[host], settings[port])


class Addresses(BaseSettings):
    """To be inherited by the settings of a service that asks others or links to them."""

    model_config = SettingsConfigDict(frozen=True, populate_by_name=True, env_ignore_empty=True, use_attribute_docstrings=True)

    scores_host: Annotated[Host, Field(validation_alias="NTDEMO_HOST")] = "localhost"
    """Where the scores API listens, and is asked."""
    scores_port: Annotated[Port, Field(validation_alias="NTDEMO_PORT")] = 3030
    """Its port."""
    trainer_host: Annotated[Host, Field(validation_alias="TRAINER_HOST")] = "localhost"
    """Where the trainer listens."""
    trainer_port: Annotated[Port, Field(validation_alias="TRAINER_PORT")] = 3031
    """Its port."""
    trainer_url: Url = Field(validation_alias="NTDEMO_TRAINER_URL", default_factory=derived("trainer_host", "trainer_port"))
    """Where the trainer is asked, if not where it listens."""
    viz_host: Annotated[Host, Field(validation_alias="VIZ_HOST")] = "localhost"
    """Where viz listens; `0.0.0.0` is every address of this machine."""
    dash_port: Annotated[Port, Field(validation_alias="VIZ_DASH_PORT")] = 8050
    """The port of its Dash pages."""

    @property
    def scores_url(self) -> str:
        """Where the scores API is asked."""
        return client_url(self.scores_host, self.scores_port)
