"""The JSON objects of OpenAI's chat API, as far as a small bot can keep what they promise."""

from itertools import pairwise
from typing import Annotated, Any, Final, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

__all__ = [
    "ChatCompletion",
    "ChatCompletionChunk",
    "ChatCompletionRequest",
    "Choice",
    "ChunkChoice",
    "CompletionMessage",
    "Delta",
    "Message",
    "ModelCardSummary",
    "ModelList",
    "ModelObject",
    "StreamOptions",
    "TextPart",
    "Usage",
]

MESSAGE_LIMIT: Final = 8_000
"""Characters of a message; a bot reads the last 96 tokens."""
MESSAGES_LIMIT: Final = 256


def _not_asked_for(value: bool | None) -> bool | None:  # noqa: FBT001 - a validator
    if value:
        raise ValueError("this is not offered")
    return value


_Absent = Field(exclude_if=lambda value: value is None)
_NotOffered = Annotated[
    bool | None, Field(strict=True, description="Not offered: leave it out."), AfterValidator(_not_asked_for)
]
_Ignored = Annotated[Any, Field(description="Taken and not used: it does not change a reply.")]


class _RequestModel(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class _ResponseModel(BaseModel):
    model_config = ConfigDict(frozen=True)


class TextPart(_RequestModel):
    """A part of a message."""

    type: Literal["text"]
    text: Annotated[str, Field(max_length=MESSAGE_LIMIT)]


def _within_limit(content: str | list[TextPart]) -> str | list[TextPart]:
    text = _text(content)
    if any("\ud800" <= char <= "\udfff" for char in text):
        raise ValueError("half of a surrogate pair is no text")
    if len(text) > MESSAGE_LIMIT:
        raise ValueError(f"a message has at most {MESSAGE_LIMIT:,} characters, this one has {len(text):,}")
    return content


class Message(_RequestModel):
    """What was said, and by whom."""

    role: Literal["system", "developer", "user", "assistant"]
    content: Annotated[str | list[TextPart], AfterValidator(_within_limit)]
    name: _Ignored = None
    refusal: None = None
    audio: None = None
    function_call: None = None
    tool_calls: Annotated[list[Any] | None, Field(max_length=0)] = None
    annotations: Annotated[list[Any] | None, Field(max_length=0)] = None

    @property
    def text(self) -> str:
        """The content, its parts joined."""
        return _text(self.content)


class StreamOptions(_RequestModel):
    """What a stream holds beside the text."""

    include_usage: Annotated[bool, Field(description="Ask for a last chunk with the usage.")] = False
    include_obfuscation: _Ignored = None


def _take_turns(messages: list[Message]) -> list[Message]:
    """Instructions first, then the user and the bot in turns, the user last."""
    roles = [message.role for message in messages]
    while roles and roles[0] in {"system", "developer"}:
        roles.pop(0)
    if any(role in {"system", "developer"} for role in roles):
        raise ValueError("instructions stand before everything else")
    if not roles or roles[-1] != "user":
        raise ValueError("the last message is the user's: there is nothing to answer")
    if any(one == other for one, other in pairwise(roles)):
        raise ValueError("user and assistant take turns")
    if not any(char.isprintable() and not char.isspace() for char in messages[-1].text):
        raise ValueError("the last message is empty: there is nothing to answer")
    return messages


class ChatCompletionRequest(_RequestModel):
    """A conversation and how its next reply is wanted."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"model": "ntdemo-en", "messages": [{"role": "user", "content": "How are you?"}]}]}
    )

    model: Annotated[str, Field(min_length=1, max_length=200, description="`ntdemo-en` speaks English, `ntdemo-ja` Japanese.")]
    messages: Annotated[
        list[Message],
        Field(
            min_length=1,
            max_length=MESSAGES_LIMIT,
            description=(
                "Oldest first. Instructions (`system`, `developer`) come first and are not followed: a small bot cannot."
            ),
        ),
        AfterValidator(_take_turns),
    ]
    stream: bool | None = False
    stream_options: StreamOptions | None = None
    temperature: Annotated[float | None, Field(ge=0, le=2, description="0 takes the likeliest word; 0.8 unless given.")] = None
    top_p: Annotated[float | None, Field(gt=0, le=1, description="0.9 unless given.")] = None
    n: Annotated[int | None, Field(ge=1, le=8, description="Replies to choose from.")] = None
    stop: Annotated[
        list[Annotated[str, Field(min_length=1, max_length=200)]] | str | None,
        Field(max_length=200, description="Up to four strings that end a reply; they are not part of it."),
    ] = None
    seed: Annotated[
        int | None, Field(ge=-(2**63), lt=2**63, description="The same seed, bundle and conversation give the same reply.")
    ] = None
    max_tokens: Annotated[int | None, Field(ge=1, le=2**31, description="A reply has 40 at most.")] = None
    max_completion_tokens: Annotated[int | None, Field(ge=1, le=2**31, description="The newer name of `max_tokens`.")] = None
    frequency_penalty: Annotated[float | None, Field(ge=-2, le=2)] = None
    presence_penalty: Annotated[float | None, Field(ge=-2, le=2)] = None
    user: _Ignored = None
    metadata: _Ignored = None
    safety_identifier: _Ignored = None
    prompt_cache_key: _Ignored = None
    store: _NotOffered = None
    logprobs: _NotOffered = None

    @model_validator(mode="after")
    def _at_most_four_stops(self) -> Self:
        if isinstance(self.stop, list) and len(self.stop) > 4:  # noqa: PLR2004 - OpenAI's number
            raise ValueError("stop has at most four strings")
        return self

    @property
    def stops(self) -> tuple[str, ...]:
        """The strings that end a reply."""
        stop = self.stop or ()
        return (stop,) if isinstance(stop, str) else tuple(stop)

    @property
    def turns(self) -> list[Message]:
        """What user and bot said."""
        return [message for message in self.messages if message.role in {"user", "assistant"}]


class Usage(_ResponseModel):
    """Tokens read and written."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int


class CompletionMessage(_ResponseModel):
    """A reply."""

    role: Literal["assistant"] = "assistant"
    content: str
    refusal: None = None


class Choice(_ResponseModel):
    """One of the replies that were asked for."""

    index: int
    message: CompletionMessage
    finish_reason: Annotated[
        Literal["stop", "length"], Field(description="`length`: the most tokens that were asked for, or that the bot can say.")
    ]
    logprobs: None = None


class ChatCompletion(_ResponseModel):
    """The replies to a conversation."""

    id: str
    object: Literal["chat.completion"] = "chat.completion"
    created: Annotated[int, Field(description="Seconds since 1970.")]
    model: str
    system_fingerprint: Annotated[str, Field(description="The run that trained the bot.")]
    choices: list[Choice]
    usage: Usage


class Delta(_ResponseModel):
    """What is new in a reply."""

    role: Annotated[Literal["assistant"] | None, _Absent] = None
    content: Annotated[str | None, _Absent] = None


class ChunkChoice(_ResponseModel):
    """What is new in one of the replies."""

    index: int
    delta: Delta
    finish_reason: Literal["stop", "length"] | None = None
    logprobs: None = None


class ChatCompletionChunk(_ResponseModel):
    """One event of a stream; the stream ends with the event `[DONE]`."""

    id: str
    object: Literal["chat.completion.chunk"] = "chat.completion.chunk"
    created: int
    model: str
    system_fingerprint: str
    choices: list[ChunkChoice]
    usage: Annotated[Usage | None, _Absent] = None


class ModelCardSummary(_ResponseModel):
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


class ModelObject(_ResponseModel):
    """A bot."""

    id: str
    object: Literal["model"] = "model"
    created: Annotated[int, Field(description="When its training finished, in seconds since 1970.")]
    owned_by: Literal["ntdemo"] = "ntdemo"
    card: ModelCardSummary


class ModelList(_ResponseModel):
    """The bots that can be talked to now, and why others cannot."""

    object: Literal["list"] = "list"
    data: list[ModelObject]
    missing: Annotated[dict[str, str], Field(description="Names of bots that are not here, with the reason.")]


def _text(content: str | list[TextPart]) -> str:
    return content if isinstance(content, str) else "".join(part.text for part in content)
