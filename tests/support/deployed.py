"""What is deployed: the services, and the settings class that reads the environment of each."""

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pydantic import AliasChoices

import chatbot.settings
import scores_api.settings
import trainer.settings
import viz.settings

__all__ = ["SERVICES", "VERSION", "Service"]

VERSION: Final[str] = tomllib.loads(
    (Path(__file__).parents[2] / "services" / "trainer" / "pyproject.toml").read_text(encoding="utf-8")
)["project"]["version"]
"""Of all services, and the tag of their images."""


@dataclass(frozen=True)
class Service:
    """A service with an image, in compose and in the chart."""

    name: str
    ports: tuple[int, ...]
    settings: Callable[[], Any]
    """Reads the process's environment."""
    largest_mb: int
    """What its image may add to the Python image, in 10⁶ bytes."""
    asks: tuple[str, ...] = ()
    """The services it connects to."""

    def ports_of(self, settings: Any) -> set[int]:
        """The ports that these settings listen on."""
        names = ("dash_port", "bokeh_port") if self.name == "viz" else ("port",)
        return {getattr(settings, name) for name in names}

    def variables(self) -> set[str]:
        """The environment variables that it reads."""
        fields: Mapping[str, Any] = self.settings.model_fields  # type: ignore[attr-defined]  # a pydantic class
        aliases = [field.validation_alias or field.alias for field in fields.values()]
        return {str(name) for alias in aliases for name in (alias.choices if isinstance(alias, AliasChoices) else [alias])}


SERVICES: Final = (
    Service("trainer", (3031,), trainer.settings.Settings, 1950),
    Service("scores-api", (3030,), scores_api.settings.Settings, 290),
    Service("viz", (8050, 5006), viz.settings.Settings, 560, asks=("scores-api", "trainer")),
    Service("chatbot", (3032,), chatbot.settings.Settings, 190, asks=("scores-api", "trainer")),
)
"""As DESIGN draws them: only the trainer writes the store, viz and chatbot know the scores API and the trainer's job API."""
