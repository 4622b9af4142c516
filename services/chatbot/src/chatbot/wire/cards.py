"""Bots as OpenAI's model objects."""

from typing import Annotated, Literal

from pydantic import Field

from chatbot.wire.parts import ResponseModel

__all__ = ["ModelCardSummary", "ModelList", "ModelObject"]


class ModelCardSummary(ResponseModel):
    """How a bot came to be."""

    language: Literal["en", "ja"]
    architecture: str
    run: str
    steps: Annotated[int, Field(description="Of the optimizer.")]
    epochs: float
    parameters: int
    exchanges: Annotated[int, Field(description="Context-reply pairs it learned from.")]
    perplexity: Annotated[
        float | None, Field(description="On held-out conversations, per word of English or character of Japanese.")
    ]
    licence: str
    attribution: list[str]
    published: Annotated[
        bool, Field(description="Trained here and found through the scores API; else shipped with the service.")
    ]


class ModelObject(ResponseModel):
    """A bot."""

    id: str
    object: Literal["model"] = "model"
    created: Annotated[int, Field(description="When its training finished, in seconds since 1970.")]
    owned_by: Literal["ntdemo"] = "ntdemo"
    card: ModelCardSummary


class ModelList(ResponseModel):
    """The bots that can be talked to now, and why others cannot."""

    object: Literal["list"] = "list"
    data: list[ModelObject]
    missing: Annotated[dict[str, str], Field(description="Names of bots that are not here, with the reason.")]
    unserved: Annotated[
        dict[str, str], Field(description="Names behind which another bot answers than the promoted one, with the reason.")
    ]
