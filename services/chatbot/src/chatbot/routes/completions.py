"""Completions: the next reply of a conversation, whole or as a stream."""

import json
import secrets
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Any, Final

from fastapi import APIRouter, Request, Response

from chatbot.bots.registry import BotRegistry
from chatbot.conversation import Answer, Conversation, Speaker, ToolUse, Turn
from chatbot.failures import Unanswerable
from chatbot.metrics import FirstWords
from chatbot.network.bundle import Bundle
from chatbot.network.reply import Piece, ReplyOptions, Said
from chatbot.openai_errors import error_object
from chatbot.refusals import problem_of
from chatbot.routes.tools import FRAGMENTS_TOOL
from chatbot.streams import EventStream, unless_gone
from chatbot.wire.chat import (
    ChatCompletion,
    ChatCompletionChunk,
    ChatCompletionRequest,
    Choice,
    ChunkChoice,
    CompletionMessage,
    Delta,
    FunctionCall,
    LogProbs,
    Message,
    TokenLogProb,
    ToolCall,
    TopLogProb,
    Usage,
)
from dialogue.decoding import Decoding
from servicekit.problems import ProblemDocument

__all__ = ["LIMIT_BYTES", "REFUSALS", "STREAM", "router"]

router = APIRouter(tags=["chat"])
LIMIT_BYTES: Final = 2**20
STREAM: Final = {"content": {"text/event-stream": {"schema": {"type": "string"}}}}
REFUSALS: Final[dict[int | str, dict[str, Any]]] = {code: {"model": ProblemDocument} for code in (404, 413, 422, 503)}
_SPEAKERS: Final = {"user": Speaker.USER, "assistant": Speaker.BOT, "tool": Speaker.TOOL}


@router.post(
    "/v1/chat/completions",
    summary="The next reply of a conversation",
    response_model=ChatCompletion,
    responses={**REFUSALS, 200: {**STREAM, "description": "The replies; with `stream`, server-sent events of chunks."}},
    max_body_size=LIMIT_BYTES,
)
async def create_chat_completion(request: Request, body: ChatCompletionRequest) -> Response | ChatCompletion:
    """As OpenAI's clients ask for it. Questions about fragments are looked up, or handed to the tool `fragments`."""
    registry: BotRegistry = request.app.state.registry
    conversation: Conversation = request.app.state.conversation
    first_words: FirstWords = request.app.state.first_words
    bundle = registry.of_model(body.model)
    count = body.n or 1
    head = {
        "id": f"chatcmpl-{secrets.token_hex(12)}",
        "created": int(time.time()),
        "model": body.model,
        "system_fingerprint": bundle.card.training.run,
    }
    async with AsyncExitStack() as stack:
        answering = conversation.answer(
            bundle,
            _turns(body.messages),
            _options(body),
            count=count,
            as_json=body.response_format is not None and body.response_format.type == "json_object",
            tool=_tool_use(body),
        )
        answer = await stack.enter_async_context(answering)
        answer = replace(answer, pieces=first_words.timed(answer.pieces))
        if not body.stream:
            return await unless_gone(request, _whole(bundle, answer, head, count))
        include_usage = body.stream_options is not None and body.stream_options.include_usage
        chunks = _chunks(bundle, answer, head, count, include_usage=include_usage)
        return EventStream(chunks, finally_=stack.pop_all().aclose)


def _turns(messages: Sequence[Message]) -> list[Turn]:
    """What was said; instructions are none of it."""
    return [Turn(message.text, _SPEAKERS[message.role]) for message in messages if message.role in _SPEAKERS]


def _tool_use(body: ChatCompletionRequest) -> ToolUse:
    if FRAGMENTS_TOOL not in body.offered_tools or body.tool_choice == "none":
        return ToolUse.NEVER
    return ToolUse.FOR_QUESTIONS if body.tool_choice in {None, "auto"} else ToolUse.ALWAYS


def _options(body: ChatCompletionRequest) -> ReplyOptions:
    given = {
        name: value
        for name in ("temperature", "top_p", "frequency_penalty", "presence_penalty")
        if (value := getattr(body, name)) is not None
    }
    if body.top_k is not None and body.top_k > 0:
        given["top_k"] = body.top_k
    if body.temperature == 0:
        given.pop("top_p", None)
    limits = [limit for limit in (body.max_tokens, body.max_completion_tokens) if limit is not None]
    return ReplyOptions(
        decoding=Decoding(**given),
        max_tokens=min(limits, default=None),
        stops=body.stops,
        seed=body.seed,
        likeliest=(body.top_logprobs or 0) if body.logprobs else None,
    )


async def _whole(bundle: Bundle, answer: Answer, head: dict[str, Any], count: int) -> ChatCompletion:
    if answer.call is not None:
        message = CompletionMessage(content=None, tool_calls=[_tool_call(answer)])
        return ChatCompletion(
            **head, choices=[Choice(index=0, message=message, finish_reason="tool_calls")], usage=_usage(answer, {})
        )
    texts = [""] * count
    said: list[list[Said]] = [[] for _ in range(count)]
    last: dict[int, Piece] = {}
    async for index, piece in answer.pieces:
        texts[index] += piece.text
        last[index] = piece
        if piece.said is not None:
            said[index].append(piece.said)
    choices = [
        Choice(
            index=index,
            message=CompletionMessage(content=text, lookup=dict(answer.facts) or None),
            finish_reason=_reason(last[index]),
            logprobs=_logprobs(bundle, said[index]),
        )
        for index, text in enumerate(texts)
    ]
    return ChatCompletion(**head, choices=choices, usage=_usage(answer, last))


async def _chunks(
    bundle: Bundle, answer: Answer, head: dict[str, Any], count: int, *, include_usage: bool
) -> AsyncIterator[str]:
    """The data of the events."""
    last: dict[int, Piece] = {}
    if answer.call is not None:
        yield _chunk(head, ChunkChoice(index=0, delta=Delta(role="assistant", tool_calls=[_tool_call(answer, index=0)])))
        yield _chunk(head, ChunkChoice(index=0, delta=Delta(), finish_reason="tool_calls"))
    unbegun = set(range(count))
    unsent: dict[int, list[Said]] = {index: [] for index in unbegun}
    try:
        async for index, piece in answer.pieces:
            last[index] = piece
            if piece.said is not None:
                unsent[index].append(piece.said)
            if not piece.text and piece.finish is None:
                continue
            is_first = index in unbegun
            unbegun.discard(index)
            if piece.text or is_first or unsent[index]:
                lookup = dict(answer.facts) if is_first and answer.facts else None
                delta = Delta(role="assistant" if is_first else None, content=piece.text, lookup=lookup)
                yield _chunk(head, ChunkChoice(index=index, delta=delta, logprobs=_logprobs(bundle, unsent[index])))
                unsent[index] = []
            if piece.finish is not None:
                yield _chunk(head, ChunkChoice(index=index, delta=Delta(), finish_reason=_reason(piece)))
    except Unanswerable as failure:
        yield json.dumps({"error": error_object(problem_of(failure))}, ensure_ascii=False)
        return
    if include_usage:
        yield ChatCompletionChunk(**head, choices=[], usage=_usage(answer, last)).model_dump_json()
    yield "[DONE]"


def _tool_call(answer: Answer, index: int | None = None) -> ToolCall:
    arguments = json.dumps(dict(answer.call or {}), ensure_ascii=False)
    return ToolCall(
        id=f"call_{secrets.token_hex(12)}", function=FunctionCall(name=FRAGMENTS_TOOL, arguments=arguments), index=index
    )


def _logprobs(bundle: Bundle, said: Sequence[Said]) -> LogProbs | None:
    """None where none were asked for, or none belong to the piece, as to look-ups."""
    if not said:
        return None
    return LogProbs(
        content=[
            TokenLogProb(
                **_token(bundle, each.token, each.logprob),
                top_logprobs=[TopLogProb(**_token(bundle, token, logprob)) for token, logprob in each.likeliest],
            )
            for each in said
        ]
    )


def _token(bundle: Bundle, token: int, logprob: float) -> dict[str, Any]:
    spelled = bundle.tokens.spelled(token)
    return {"token": spelled.decode("utf-8", "replace"), "logprob": logprob, "bytes": list(spelled)}


def _chunk(head: dict[str, Any], choice: ChunkChoice) -> str:
    return ChatCompletionChunk(**head, choices=[choice]).model_dump_json()


def _reason(piece: Piece) -> Any:
    assert piece.finish is not None  # noqa: S101 - the last piece of a reply says why it is over
    return piece.finish.value


def _usage(answer: Answer, last: dict[int, Piece]) -> Usage:
    completion_tokens = sum(piece.tokens for piece in last.values())
    return Usage(
        prompt_tokens=answer.prompt_tokens,
        completion_tokens=completion_tokens,
        total_tokens=answer.prompt_tokens + completion_tokens,
    )
