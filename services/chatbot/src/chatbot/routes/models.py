"""Models: the bots that can be talked to."""

from typing import Annotated

from fastapi import APIRouter, Path, Request

from chatbot.bots.registry import BotRegistry, model_name
from chatbot.network.bundle import Bundle
from chatbot.wire.cards import ModelCardSummary, ModelList, ModelObject
from servicekit.problems import ProblemDocument

__all__ = ["router"]

router = APIRouter(tags=["models"])


@router.get("/v1/models", summary="The bots that can be talked to, and why others cannot")
async def list_models(request: Request) -> ModelList:
    """One for each language, and each bot that was trained here and is not promoted."""
    registry = _registry(request)
    missing = {model_name(language): reason for language, reason in registry.missing().items()}
    unserved = {model_name(language): reason for language, reason in registry.unserved().items()}
    bots = [_model(name, bundle) for name, bundle in registry.bundles().items()]
    return ModelList(data=bots, missing=missing, unserved=unserved)


@router.get("/v1/models/{model}", summary="One bot", responses={404: {"model": ProblemDocument}})
async def get_model(request: Request, model: Annotated[str, Path(max_length=200)]) -> ModelObject:
    """How it came to be."""
    return _model(model, _registry(request).of_model(model))


def _registry(request: Request) -> BotRegistry:
    registry: BotRegistry = request.app.state.registry
    return registry


def _model(name: str, bundle: Bundle) -> ModelObject:
    card, training = bundle.card, bundle.card.training
    return ModelObject(
        id=name,
        created=int(training.finished.timestamp()),
        card=ModelCardSummary(
            language=card.language.value,
            architecture=card.architecture,
            run=training.run,
            steps=training.steps,
            epochs=training.epochs,
            parameters=training.parameters,
            exchanges=training.exchanges,
            perplexity=card.scorecard.perplexity if card.scorecard is not None else None,
            licence=card.licence,
            attribution=card.attribution,
            published=bundle.published,
        ),
    )
