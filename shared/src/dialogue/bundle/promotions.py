"""Promotions: which trained bot speaks a language under its plain name, and which did before."""

from collections.abc import Mapping
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from dialogue.bundle.card import Language

__all__ = ["PROMOTIONS_ARTIFACT", "PROMOTIONS_FILE", "Promotions"]

PROMOTIONS_ARTIFACT: Final = "bots"
"""The artifact whose newest version says what is served."""
PROMOTIONS_FILE: Final = "bots.json"
_KEPT: Final = 50


class Promotions(BaseModel):
    """What `bots.json` states."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal["ntdemo-bots-1"] = "ntdemo-bots-1"
    promoted: Mapping[Language, tuple[str, ...]] = Field(default_factory=dict)
    """Runs of each language, the one that is served last; none serves the shipped bot."""

    def served(self, language: Language) -> str | None:
        """The run behind a language's plain name; None for the shipped bot."""
        runs = self.promoted.get(language, ())
        return runs[-1] if runs else None

    def with_promoted(self, language: Language, run: str) -> "Promotions":
        """The same with another run served; the way back is kept for fifty of them."""
        return Promotions(promoted={**self.promoted, language: (*self.promoted.get(language, ()), run)[-_KEPT:]})

    def without_last(self, language: Language) -> "Promotions":
        """The same with the run served that was before; the shipped bot where there was none."""
        return Promotions(promoted={**self.promoted, language: self.promoted.get(language, ())[:-1]})
