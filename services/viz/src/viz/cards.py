"""What the card of a trained bot says: its language, and how it did on exchanges that it never saw."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from pydantic import ValidationError

from dialogue.bundle import CARD_FILE, ModelCard
from scores_client import models
from scores_client.api.artifacts import get_artifact_file, list_artifacts
from scores_client.types import File
from viz.failures import UpstreamAway
from viz.scores import Scores

__all__ = ["BotCard", "cards_of"]

_MOST: Final = 20
"""Cards that are read, of the newest bots."""
_RANKED_BY: Final = "pmi"
"""What the context adds to a reply's log probability, by which promotions compare bots, too."""


@dataclass(frozen=True)
class BotCard:
    """A bot's language and measurements; None where too little was held out, or no card of this kind tells."""

    language: str
    unit: str | None = None
    """Of the perplexity: a word or a character."""
    perplexity: float | None = None
    hits: float | None = None
    """How often the true reply is put first of 20, of which the others are drawn from all."""
    parameters: int | None = None


async def cards_of(scores: Scores) -> Mapping[str, BotCard]:
    """The cards of the newest bots, by their runs.

    Raises:
        UpstreamAway: the API cannot be asked.
    """
    page = await scores.answer(lambda client: list_artifacts.asyncio(client=client), models.ArtifactPage)
    bots = [item for item in page.items if str(item.kind) == models.RunKind.DIALOGUE][:_MOST]
    cards = await asyncio.gather(*(_card(scores, item) for item in bots))
    return {item.run: card for item, card in zip(bots, cards, strict=True)}


async def _card(scores: Scores, item: models.Artifact) -> BotCard:
    language = item.artifact.rpartition("-")[2]
    try:
        file = await scores.answer(
            lambda client: get_artifact_file.asyncio(item.artifact, item.version, CARD_FILE, client=client), File
        )
        card = ModelCard.model_validate_json(file.payload.read())
    except (UpstreamAway, ValidationError):
        return BotCard(language)
    told = card.scorecard
    if told is None:
        return BotCard(language, parameters=card.training.parameters)
    hits = next((row.random for row in told.ranking if row.name == _RANKED_BY), None)
    return BotCard(language, told.unit, told.perplexity, hits, card.training.parameters)
