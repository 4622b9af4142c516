"""The JSON objects of `/v1/responses`."""

from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from chatbot.wire.parts import (
    MESSAGE_LIMIT,
    MESSAGES_LIMIT,
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
    "InputMessage",
    "OutputMessage",
    "OutputText",
    "ResponseObject",
    "ResponseRequest",
    "ResponseUsage",
    "ToolCallItem",
    "ToolResult",
]


class InputText(RequestModel):
    """A part of a message."""

    type: Literal["input_text", "output_text", "text"]
    text: Text
    annotations: Ignored = None
    logprobs: Ignored = None


class InputMessage(RequestModel):
    """What was said, and by whom."""

    type: Literal["message"] = "message"
    role: Literal["system", "developer", "user", "assistant"]
    content: Annotated[Text | list[InputText], Field(description=f"At most {MESSAGE_LIMIT:,} characters.")]
    id: Ignored = None
    status: Ignored = None
    phase: Ignored = None

    @property
    def text(self) -> str:
        """The content, its parts joined."""
        return self.content if isinstance(self.content, str) else "".join(part.text for part in self.content)


class ToolCallItem(RequestModel):
    """That the bot wants a tool to be called."""

    type: Literal["function_call"] = "function_call"
    id: Annotated[str | None, Field(max_length=200)] = None
    call_id: Annotated[str, Field(max_length=200)]
    name: str
    arguments: Text
    status: Literal["completed", "in_progress", "incomplete"] | None = None


class ToolResult(RequestModel):
    """What the tool found."""

    type: Literal["function_call_output"]
    call_id: Annotated[str, Field(max_length=200)]
    output: Text
    id: Ignored = None
    status: Ignored = None


class TextFormat(RequestModel):
    """`json_object` makes the reply one JSON object: of a look-up what was found, of talk its `reply`."""

    type: Literal["text", "json_object"]


class TextOptions(RequestModel):
    """How the text is wanted."""

    format: TextFormat | None = None
    verbosity: Ignored = None


class ResponsesTool(FunctionTool):
    """A tool that the client can call."""

    type: Literal["function"]


class ChosenResponsesTool(RequestModel):
    """The tool to call."""

    type: Literal["function"]
    name: str


def _ends_with_a_question(
    given: str | list[InputMessage | ToolCallItem | ToolResult],
) -> str | list[InputMessage | ToolCallItem | ToolResult]:
    last = given if isinstance(given, str) else given[-1]
    if isinstance(last, ToolCallItem) or (isinstance(last, InputMessage) and last.role != "user"):
        raise ValueError("the last item is the user's or a tool's: there is nothing to answer")
    text = last if isinstance(last, str) else last.output if isinstance(last, ToolResult) else last.text
    if not is_readable(text):
        raise ValueError("the last message is empty: there is nothing to answer")
    return given


class ResponseRequest(RequestModel):
    """A conversation and how its next reply is wanted."""

    model: Annotated[str, Field(min_length=1, max_length=200, description="As in `/v1/chat/completions`.")]
    input: Annotated[
        Text | Annotated[list[InputMessage | ToolCallItem | ToolResult], Field(min_length=1, max_length=MESSAGES_LIMIT)],
        Field(description="The message, or the conversation, oldest first: nothing is kept between requests."),
        AfterValidator(_ends_with_a_question),
    ]
    instructions: Ignored = None
    stream: bool | None = False
    stream_options: Ignored = None
    temperature: Annotated[float | None, Field(ge=0, le=2, description="0 takes the likeliest word; 0.8 unless given.")] = None
    top_p: Annotated[float | None, Field(gt=0, le=1, description="0.9 unless given.")] = None
    max_output_tokens: TokenLimit = None
    text: TextOptions | None = None
    tools: Annotated[list[ResponsesTool] | None, Field(max_length=128)] = None
    tool_choice: Literal["none", "auto", "required"] | ChosenResponsesTool | None = None
    parallel_tool_calls: Ignored = None
    store: Ignored = None
    metadata: Ignored = None
    user: Ignored = None
    safety_identifier: Ignored = None
    prompt_cache_key: Ignored = None
    prompt_cache_retention: Ignored = None
    service_tier: Ignored = None
    reasoning: Ignored = None
    truncation: Ignored = None
    include: Annotated[list[str] | None, Field(max_length=0, description="Nothing more can be included.")] = None
    previous_response_id: NotOffered = None
    conversation: NotOffered = None
    background: NotOffered = None

    @model_validator(mode="after")
    def _has_the_tool(self) -> Self:
        if isinstance(self.tool_choice, ChosenResponsesTool) and self.tool_choice.name not in self.offered_tools:
            raise ValueError(f"there is no tool {self.tool_choice.name!r} in tools")
        if self.tool_choice == "required" and not self.offered_tools:
            raise ValueError("tool_choice requires a tool, and tools has none")
        return self

    @property
    def offered_tools(self) -> tuple[str, ...]:
        """Names of the tools that may be called."""
        return tuple(tool.name for tool in self.tools or ())


class OutputText(ResponseModel):
    """The text of a reply."""

    type: Literal["output_text"] = "output_text"
    text: str
    annotations: list[dict[str, Any]] = Field(default_factory=list)
    logprobs: list[dict[str, Any]] = Field(default_factory=list)


class OutputMessage(ResponseModel):
    """A reply."""

    type: Literal["message"] = "message"
    id: str
    status: Literal["in_progress", "completed", "incomplete"]
    role: Literal["assistant"] = "assistant"
    content: list[OutputText]


class TokensDetail(ResponseModel):
    """Tokens that cost less, which there are none of."""

    cached_tokens: int = 0


class OutputTokensDetail(ResponseModel):
    """Tokens that are not shown, which there are none of."""

    reasoning_tokens: int = 0


class ResponseUsage(ResponseModel):
    """Tokens read and written."""

    input_tokens: int
    input_tokens_details: TokensDetail = TokensDetail()
    output_tokens: int
    output_tokens_details: OutputTokensDetail = OutputTokensDetail()
    total_tokens: int


class IncompleteDetails(ResponseModel):
    """Why a response is not complete."""

    reason: Literal["max_output_tokens"]


class ResponseObject(ResponseModel):
    """The next reply."""

    id: str
    object: Literal["response"] = "response"
    created_at: Annotated[int, Field(description="Seconds since 1970.")]
    status: Literal["in_progress", "completed", "incomplete"]
    model: str
    output: list[OutputMessage | ToolCallItem]
    error: dict[str, Any] | None = None
    incomplete_details: IncompleteDetails | None = None
    instructions: str | None = None
    metadata: dict[str, Any] = Field(default_factory=dict)
    parallel_tool_calls: bool = False
    temperature: float | None = None
    top_p: float | None = None
    tool_choice: str | dict[str, Any] = "auto"
    tools: list[dict[str, Any]] = Field(default_factory=list)
    usage: ResponseUsage | None = None
    lookup: Annotated[
        dict[str, Any] | None, Field(description="What a question about fragments was answered from: our own member.")
    ] = None
