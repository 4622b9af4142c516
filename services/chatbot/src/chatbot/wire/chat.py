"""The JSON objects of `/v1/chat/completions`."""

from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from chatbot.wire.parts import (
    MESSAGE_LIMIT,
    MESSAGES_LIMIT,
    Absent,
    FunctionTool,
    Ignored,
    NotOffered,
    RequestModel,
    ResponseModel,
    Text,
    TokenLimit,
    is_readable,
)

__all__ = [
    "ChatCompletion",
    "ChatCompletionChunk",
    "ChatCompletionRequest",
    "Choice",
    "ChunkChoice",
    "CompletionMessage",
    "Delta",
    "FunctionCall",
    "LogProbs",
    "Message",
    "StreamOptions",
    "TextPart",
    "TokenLogProb",
    "ToolCall",
    "TopLogProb",
    "Usage",
]


class TextPart(RequestModel):
    """A part of a message."""

    type: Literal["text"]
    text: Text


def _within_limit(content: str | list[TextPart] | None) -> str | list[TextPart] | None:
    text = _text(content)
    if len(text) > MESSAGE_LIMIT:
        raise ValueError(f"a message has at most {MESSAGE_LIMIT:,} characters, this one has {len(text):,}")
    return content


class FunctionCall(RequestModel):
    """A function's name and arguments, as JSON text."""

    name: str
    arguments: Text


class ToolCall(RequestModel):
    """That the bot wants a tool to be called."""

    id: Annotated[str, Field(max_length=200)]
    type: Literal["function"] = "function"
    function: FunctionCall
    index: Annotated[int | None, Absent] = None


class Message(RequestModel):
    """What was said, and by whom."""

    role: Literal["system", "developer", "user", "assistant", "tool"]
    content: Annotated[
        Text | list[TextPart] | None,
        Field(description="Null only beside the assistant's tool calls, or for a turn in which it said nothing."),
        AfterValidator(_within_limit),
    ] = None
    tool_calls: Annotated[list[ToolCall] | None, Field(max_length=8)] = None
    tool_call_id: Annotated[str | None, Field(max_length=200)] = None
    id: Ignored = None
    name: Ignored = None
    refusal: NotOffered = None
    audio: NotOffered = None
    function_call: NotOffered = None
    annotations: NotOffered = None
    lookup: Ignored = None
    reasoning_content: Ignored = None

    @property
    def text(self) -> str:
        """The content, its parts joined."""
        return _text(self.content)


class StreamOptions(RequestModel):
    """What a stream holds beside the text."""

    include_usage: Annotated[bool, Field(description="Ask for a last chunk with the usage.")] = False
    include_obfuscation: Ignored = None


class ResponseFormat(RequestModel):
    """`json_object` makes the reply one JSON object: of a look-up what was found, of talk its `reply`."""

    type: Literal["text", "json_object"]


class Tool(RequestModel):
    """A tool that the client can call."""

    type: Literal["function"]
    function: FunctionTool


class ChosenFunction(RequestModel):
    """The function's name."""

    name: str


class ChosenTool(RequestModel):
    """The tool to call."""

    type: Literal["function"]
    function: ChosenFunction


def _ends_with_a_question(messages: list[Message]) -> list[Message]:
    """The user's message, or a tool's result, comes last; nothing but an assistant may say nothing."""
    last = messages[-1]
    if last.role not in {"user", "tool"}:
        raise ValueError("the last message is the user's or a tool's: there is nothing to answer")
    if any(message.content is None and message.role != "assistant" for message in messages):
        raise ValueError("only a message of the assistant may be without content")
    if not is_readable(last.text):
        raise ValueError("the last message is empty: there is nothing to answer")
    return messages


class ChatCompletionRequest(RequestModel):
    """A conversation and how its next reply is wanted."""

    model: Annotated[
        str,
        Field(
            min_length=1,
            max_length=200,
            description="`ntdemo-en` speaks English, `ntdemo-ja` Japanese; `ntdemo-en:<run>` is a bot that a run trained.",
        ),
    ]
    messages: Annotated[
        list[Message],
        Field(
            min_length=1,
            max_length=MESSAGES_LIMIT,
            description="Oldest first. Instructions (`system`, `developer`) are not followed: a small bot cannot.",
        ),
        AfterValidator(_ends_with_a_question),
    ]
    stream: bool | None = False
    stream_options: StreamOptions | None = None
    temperature: Annotated[float | None, Field(ge=0, le=2, description="0 takes the likeliest word; 0.8 unless given.")] = None
    top_p: Annotated[float | None, Field(gt=0, le=1, description="0.9 unless given.")] = None
    top_k: Annotated[int | None, Field(ge=-1, description="40 at most, and unless given; 0 and -1 mean the same.")] = None
    n: Annotated[int | None, Field(ge=1, le=8, description="Replies to choose from.")] = None
    stop: Annotated[
        list[Annotated[str, Field(min_length=1, max_length=200)]] | str | None,
        Field(max_length=200, description="Up to four strings that end a reply; they are not part of it."),
    ] = None
    seed: Annotated[
        int | None, Field(ge=-(2**63), lt=2**63, description="The same seed, bundle and conversation give the same reply.")
    ] = None
    max_tokens: TokenLimit = None
    max_completion_tokens: TokenLimit = None
    frequency_penalty: Annotated[float | None, Field(ge=-2, le=2)] = None
    presence_penalty: Annotated[float | None, Field(ge=-2, le=2)] = None
    logprobs: Annotated[bool | None, Field(description="Ask for each token's log-probability, as the network has it.")] = None
    top_logprobs: Annotated[int | None, Field(ge=0, le=20, description="And for those of so many likeliest tokens.")] = None
    response_format: ResponseFormat | None = None
    tools: Annotated[list[Tool] | None, Field(max_length=128)] = None
    tool_choice: Literal["none", "auto", "required"] | ChosenTool | None = None
    parallel_tool_calls: Ignored = None
    service_tier: Ignored = None
    user: Ignored = None
    metadata: Ignored = None
    safety_identifier: Ignored = None
    prompt_cache_key: Ignored = None
    prompt_cache_retention: Ignored = None
    reasoning_effort: Ignored = None
    verbosity: Ignored = None
    modalities: Annotated[list[Literal["text"]] | None, Field(max_length=1)] = None
    store: NotOffered = None
    logit_bias: NotOffered = None
    functions: NotOffered = None
    audio: NotOffered = None
    prediction: NotOffered = None
    web_search_options: NotOffered = None

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        if isinstance(self.stop, list) and len(self.stop) > 4:  # noqa: PLR2004 - OpenAI's number
            raise ValueError("stop has at most four strings")
        if self.top_logprobs is not None and not self.logprobs:
            raise ValueError("top_logprobs needs logprobs")
        if isinstance(self.tool_choice, ChosenTool) and self.tool_choice.function.name not in self.offered_tools:
            raise ValueError(f"there is no tool {self.tool_choice.function.name!r} in tools")
        if self.tool_choice == "required" and not self.offered_tools:
            raise ValueError("tool_choice requires a tool, and tools has none")
        return self

    @property
    def offered_tools(self) -> tuple[str, ...]:
        """Names of the tools that may be called."""
        return tuple(tool.function.name for tool in self.tools or ())

    @property
    def stops(self) -> tuple[str, ...]:
        """The strings that end a reply."""
        stop = self.stop or ()
        return (stop,) if isinstance(stop, str) else tuple(stop)


class Usage(ResponseModel):
    """Tokens read and written."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int


class TopLogProb(ResponseModel):
    """A token that could have been said, and its log-probability."""

    token: str
    logprob: float
    bytes: list[int]


class TokenLogProb(TopLogProb):
    """A token that was said."""

    top_logprobs: list[TopLogProb]


class LogProbs(ResponseModel):
    """Of the tokens that were said."""

    content: list[TokenLogProb]


class CompletionMessage(ResponseModel):
    """A reply."""

    role: Literal["assistant"] = "assistant"
    content: str | None
    refusal: str | None = None
    tool_calls: Annotated[list[ToolCall] | None, Absent] = None
    lookup: Annotated[
        dict[str, Any] | None, Absent, Field(description="What a question about fragments was answered from: our own member.")
    ] = None


_Finish = Annotated[
    Literal["stop", "length", "tool_calls"],
    Field(description="`length`: the most tokens that were asked for, or that the bot can say."),
]


class Choice(ResponseModel):
    """One of the replies that were asked for."""

    index: int
    message: CompletionMessage
    finish_reason: _Finish
    logprobs: LogProbs | None = None


class ChatCompletion(ResponseModel):
    """The replies to a conversation."""

    id: str
    object: Literal["chat.completion"] = "chat.completion"
    created: Annotated[int, Field(description="Seconds since 1970.")]
    model: str
    system_fingerprint: Annotated[str, Field(description="The run that trained the bot.")]
    choices: list[Choice]
    usage: Usage


class Delta(ResponseModel):
    """What is new in a reply."""

    role: Annotated[Literal["assistant"] | None, Absent] = None
    content: Annotated[str | None, Absent] = None
    tool_calls: Annotated[list[ToolCall] | None, Absent] = None
    lookup: Annotated[dict[str, Any] | None, Absent] = None


class ChunkChoice(ResponseModel):
    """What is new in one of the replies."""

    index: int
    delta: Delta
    finish_reason: Literal["stop", "length", "tool_calls"] | None = None
    logprobs: LogProbs | None = None


class ChatCompletionChunk(ResponseModel):
    """One event of a stream; the stream ends with the event `[DONE]`."""

    id: str
    object: Literal["chat.completion.chunk"] = "chat.completion.chunk"
    created: int
    model: str
    system_fingerprint: str
    choices: list[ChunkChoice]
    usage: Annotated[Usage | None, Absent] = None


def _text(content: str | list[TextPart] | None) -> str:
    if content is None:
        return ""
    return content if isinstance(content, str) else "".join(part.text for part in content)
