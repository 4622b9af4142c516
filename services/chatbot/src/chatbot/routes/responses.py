"""Responses: the next reply by OpenAI's newer API, whole or as a stream of named events."""

import json
import secrets
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from typing import Any, Final

from fastapi import APIRouter, Request, Response

from chatbot.bots.registry import BotRegistry
from chatbot.conversation import Answer, Conversation, Speaker, ToolUse, Turn
from chatbot.failures import Unanswerable
from chatbot.network.reply import Finish, Piece, ReplyOptions
from chatbot.openai_errors import error_object
from chatbot.refusals import problem_of
from chatbot.routes.completions import LIMIT_BYTES, REFUSALS, STREAM
from chatbot.routes.tools import FRAGMENTS_TOOL
from chatbot.streams import EventStream, unless_gone
from chatbot.wire.responses import (
    InputMessage,
    OutputMessage,
    OutputText,
    ResponseObject,
    ResponseRequest,
    ResponseUsage,
    ToolCallItem,
    ToolResult,
)
from dialogue.decoding import Decoding

__all__ = ["router"]

router = APIRouter(tags=["chat"])
_SPEAKERS: Final = {"user": Speaker.USER, "assistant": Speaker.BOT}
_Event = tuple[str, str]


@router.post(
    "/v1/responses",
    summary="The next reply of a conversation, by the newer API",
    response_model=ResponseObject,
    responses={**REFUSALS, 200: {**STREAM, "description": "The reply; with `stream`, server-sent events."}},
    max_body_size=LIMIT_BYTES,
)
async def create_response(request: Request, body: ResponseRequest) -> Response | ResponseObject:
    """As OpenAI's clients ask for it. Nothing is kept: each request brings its conversation."""
    registry: BotRegistry = request.app.state.registry
    conversation: Conversation = request.app.state.conversation
    bundle = registry.of_model(body.model)
    async with AsyncExitStack() as stack:
        answering = conversation.answer(
            bundle,
            _turns(body),
            _options(body),
            count=1,
            as_json=body.text is not None and body.text.format is not None and body.text.format.type == "json_object",
            tool=_tool_use(body),
        )
        writing = _Writing(body, await stack.enter_async_context(answering))
        if not body.stream:
            return await unless_gone(request, writing.whole())
        return EventStream(writing.events(), finally_=stack.pop_all().aclose)


def _turns(body: ResponseRequest) -> list[Turn]:
    """What was said; instructions are none of it."""
    if isinstance(body.input, str):
        return [Turn(body.input, Speaker.USER)]
    turns = []
    for item in body.input:
        if isinstance(item, ToolResult):
            turns.append(Turn(item.output, Speaker.TOOL))
        elif isinstance(item, InputMessage) and item.role in _SPEAKERS:
            turns.append(Turn(item.text, _SPEAKERS[item.role]))
    return turns


def _tool_use(body: ResponseRequest) -> ToolUse:
    if FRAGMENTS_TOOL not in body.offered_tools or body.tool_choice == "none":
        return ToolUse.NEVER
    return ToolUse.FOR_QUESTIONS if body.tool_choice in {None, "auto"} else ToolUse.ALWAYS


def _options(body: ResponseRequest) -> ReplyOptions:
    given = {name: value for name in ("temperature", "top_p") if (value := getattr(body, name)) is not None}
    if body.temperature == 0:
        given.pop("top_p", None)
    return ReplyOptions(decoding=Decoding(**given), max_tokens=body.max_output_tokens)


class _Writing:
    """A response while it is written."""

    def __init__(self, body: ResponseRequest, answer: Answer) -> None:
        self._answer = answer
        self._number = 0
        self._message = f"msg_{secrets.token_hex(12)}"
        self._response = ResponseObject(
            id=f"resp_{secrets.token_hex(12)}",
            created_at=int(time.time()),
            status="in_progress",
            model=body.model,
            output=[],
            temperature=body.temperature,
            top_p=body.top_p,
            tool_choice=body.tool_choice.model_dump()
            if not isinstance(body.tool_choice, str | None)
            else body.tool_choice or "auto",
            tools=[tool.model_dump() for tool in body.tools or ()],
        )

    async def whole(self) -> ResponseObject:
        """The response when it is complete."""
        text, last = "", Piece("", 0)
        async for _, piece in self._answer.pieces:
            text, last = text + piece.text, piece
        return self._completed(text, last)

    async def events(self) -> AsyncIterator[_Event]:
        """The same as it comes, as names and data of events."""
        begun = self._response.model_dump(mode="json")
        yield self._event("response.created", response=begun)
        yield self._event("response.in_progress", response=begun)
        if self._answer.call is not None:
            for event in self._call_events():
                yield event
            return
        item = OutputMessage(id=self._message, status="in_progress", content=[])
        place = {"item_id": self._message, "output_index": 0, "content_index": 0}
        yield self._event("response.output_item.added", output_index=0, item=item.model_dump(mode="json"))
        yield self._event("response.content_part.added", **place, part=OutputText(text="").model_dump(mode="json"))
        text, last = "", Piece("", 0)
        try:
            async for _, piece in self._answer.pieces:
                text, last = text + piece.text, piece
                if piece.text:
                    yield self._event("response.output_text.delta", **place, delta=piece.text, logprobs=[])
        except Unanswerable as failure:
            error = error_object(problem_of(failure))["error"]
            yield self._event("error", code=error["code"], message=error["message"], param=None)
            return
        whole = self._completed(text, last)
        yield self._event("response.output_text.done", **place, text=text, logprobs=[])
        yield self._event("response.content_part.done", **place, part=OutputText(text=text).model_dump(mode="json"))
        yield self._event("response.output_item.done", output_index=0, item=whole.output[0].model_dump(mode="json"))
        yield self._event(f"response.{whole.status}", response=whole.model_dump(mode="json"))

    def _call_events(self) -> list[_Event]:
        whole = self._completed("", Piece("", 0))
        (item,) = [each for each in whole.output if isinstance(each, ToolCallItem)]
        begun = item.model_copy(update={"status": "in_progress", "arguments": ""})
        place = {"item_id": item.id, "output_index": 0}
        return [
            self._event("response.output_item.added", output_index=0, item=begun.model_dump(mode="json")),
            self._event("response.function_call_arguments.delta", **place, delta=item.arguments),
            self._event("response.function_call_arguments.done", **place, arguments=item.arguments, name=item.name),
            self._event("response.output_item.done", output_index=0, item=item.model_dump(mode="json")),
            self._event("response.completed", response=whole.model_dump(mode="json")),
        ]

    def _completed(self, text: str, last: Piece) -> ResponseObject:
        is_cut = last.finish is Finish.LENGTH
        status = "incomplete" if is_cut else "completed"
        usage = ResponseUsage(
            input_tokens=self._answer.prompt_tokens,
            output_tokens=last.tokens,
            total_tokens=self._answer.prompt_tokens + last.tokens,
        )
        changed: dict[str, Any] = {
            "status": status,
            "output": [self._output(text, status)],
            "usage": usage,
            "incomplete_details": {"reason": "max_output_tokens"} if is_cut else None,
            "lookup": dict(self._answer.facts) or None,
        }
        return ResponseObject.model_validate(self._response.model_dump() | changed)

    def _output(self, text: str, status: Any) -> OutputMessage | ToolCallItem:
        if self._answer.call is None:
            return OutputMessage(id=self._message, status=status, content=[OutputText(text=text)])
        return ToolCallItem(
            id=f"fc_{secrets.token_hex(12)}",
            call_id=f"call_{secrets.token_hex(12)}",
            name=FRAGMENTS_TOOL,
            arguments=json.dumps(dict(self._answer.call), ensure_ascii=False),
            status="completed",
        )

    def _event(self, kind: str, **members: Any) -> _Event:
        data: Mapping[str, Any] = {"type": kind, "sequence_number": self._number, **members}
        self._number += 1
        return kind, json.dumps(data, ensure_ascii=False)
