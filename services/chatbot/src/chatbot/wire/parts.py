"""What requests of both of OpenAI's chat APIs are made of."""

from typing import Annotated, Any, Final

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

__all__ = [
    "MESSAGES_LIMIT",
    "MESSAGE_LIMIT",
    "Absent",
    "FunctionTool",
    "Ignored",
    "NotOffered",
    "RequestModel",
    "ResponseModel",
    "Text",
    "TokenLimit",
    "is_readable",
]

MESSAGE_LIMIT: Final = 8_000
"""Characters of a message; a bot reads the last 96 tokens."""
MESSAGES_LIMIT: Final = 256
_ALL: Final = -1


class RequestModel(BaseModel):
    """What a client sends; what is not known is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ResponseModel(BaseModel):
    """What the service answers."""

    model_config = ConfigDict(frozen=True)


def _not_asked_for(value: Any) -> Any:
    if value:
        raise ValueError("this is not offered")
    return value


def _no_limit(value: Any) -> Any:
    return None if value == _ALL else value


def _whole(text: str) -> str:
    if any("\ud800" <= char <= "\udfff" for char in text):
        raise ValueError("half of a surrogate pair is no text")
    return text


Absent: Final[Any] = Field(exclude_if=lambda value: value is None)
NotOffered = Annotated[Any, Field(description="Not offered: leave it out, or empty."), AfterValidator(_not_asked_for)]
Ignored = Annotated[Any, Field(description="Taken and not used: it does not change a reply.")]
Text = Annotated[str, Field(max_length=MESSAGE_LIMIT), AfterValidator(_whole)]
TokenLimit = Annotated[
    Annotated[int, Field(ge=1, le=2**31)] | None,
    BeforeValidator(_no_limit),
    Field(description="The most tokens of a reply, which has 40 at most; -1 is no limit of your own."),
]


class FunctionTool(RequestModel):
    """A function that the client can call. The bots know one, `fragments`, as `GET /v1/tools` describes it."""

    name: Annotated[str, Field(min_length=1, max_length=64)]
    description: Annotated[str | None, Field(max_length=4_000)] = None
    parameters: dict[str, Any] | None = None
    strict: bool | None = None


def is_readable(text: str) -> bool:
    """Whether anything can be read in a text."""
    return any(char.isprintable() and not char.isspace() for char in text)
