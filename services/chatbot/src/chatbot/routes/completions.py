"""Completions: the next reply of a conversation, whole or as a stream."""

import json
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Any, Final

from fastapi import APIRouter, Request, Response

from chatbot.bots.registry import BotRegistry
from chatbot.conversation import Answer, Conversation, Turn
from chatbot.failures import Unanswerable
from chatbot.metrics import FirstWords
from chatbot.network.reply import Piece, ReplyOptions
from chatbot.openai_errors import error_object
from chatbot.refusals import problem_of
from chatbot.streams import EventStream, unless_gone
from chatbot.wire import (
    ChatCompletion,
    ChatCompletionChunk,
    ChatCompletionRequest,
    Choice,
    ChunkChoice,
    CompletionMessage,
    Delta,
    Usage,
)
from dialogue.decoding import Decoding
from servicekit.problems import ProblemDocument

__all__ = ["router"]

router = APIRouter(tags=["chat"])
_LIMIT_BYTES: Final = 2**20
_STREAM: Final = {"content": {"text/event-stream": {"schema": {"type": "string"}}}}
_REFUSALS: Final[dict[int | str, dict[str, Any]]] = {code: {"model": ProblemDocument} for code in (404, 413, 422, 503)}


@router.post(
    "/v1/chat/completions",
    summary="The next reply of a conversation",
    response_model=ChatCompletion,
    responses={**_REFUSALS, 200: {**_STREAM, "description": "The replies; with `stream`, server-sent events of chunks."}},
    max_body_size=_LIMIT_BYTES,
)
async def create_chat_completion(request: Request, body: ChatCompletionRequest) -> Response | ChatCompletion:
    """As OpenAI's clients ask for it. Questions about fragments are answered from the scores API."""
    registry: BotRegistry = request.app.state.registry
    conversation: Conversation = request.app.state.conversation
    first_words: FirstWords = request.app.state.first_words
    bundle = registry.of_model(body.model)
    turns = [Turn(message.text, message.role == "user") for message in body.turns]
    count = body.n or 1
    head = {
        "id": f"chatcmpl-{secrets.token_hex(12)}",
        "created": int(time.time()),
        "model": body.model,
        "system_fingerprint": bundle.card.training.run,
    }
    async with AsyncExitStack() as stack:
        answering = conversation.answer(bundle, turns, _options(body), count=count)
        answer = await stack.enter_async_context(answering)
        answer = replace(answer, pieces=first_words.timed(answer.pieces))
        if not body.stream:
            return await unless_gone(request, _whole(answer, head, count))
        include_usage = body.stream_options is not None and body.stream_options.include_usage
        return EventStream(_chunks(answer, head, count, include_usage=include_usage), finally_=stack.pop_all().aclose)


def _options(body: ChatCompletionRequest) -> ReplyOptions:
    given = {
        name: value
        for name in ("temperature", "top_p", "frequency_penalty", "presence_penalty")
        if (value := getattr(body, name)) is not None
    }
    if body.temperature == 0:
        given.pop("top_p", None)
    limits = [limit for limit in (body.max_tokens, body.max_completion_tokens) if limit is not None]
    return ReplyOptions(decoding=Decoding(**given), max_tokens=min(limits, default=None), stops=body.stops, seed=body.seed)


async def _whole(answer: Answer, head: dict[str, Any], count: int) -> ChatCompletion:
    texts = [""] * count
    last: dict[int, Piece] = {}
    async for index, piece in answer.pieces:
        texts[index] += piece.text
        last[index] = piece
    choices = [
        Choice(index=index, message=CompletionMessage(content=text), finish_reason=_reason(last[index]))
        for index, text in enumerate(texts)
    ]
    return ChatCompletion(**head, choices=choices, usage=_usage(answer, last))


async def _chunks(answer: Answer, head: dict[str, Any], count: int, *, include_usage: bool) -> AsyncIterator[str]:
    """The data of the events."""
    unbegun = set(range(count))
    last: dict[int, Piece] = {}
    try:
        async for index, piece in answer.pieces:
            last[index] = piece
            if not piece.text and piece.finish is None:
                continue
            role = "assistant" if index in unbegun else None
            unbegun.discard(index)
            if piece.text or role:
                yield _chunk(head, ChunkChoice(index=index, delta=Delta(role=role, content=piece.text)))
            if piece.finish is not None:
                yield _chunk(head, ChunkChoice(index=index, delta=Delta(), finish_reason=_reason(piece)))
    except Unanswerable as failure:
        yield json.dumps({"error": error_object(problem_of(failure))}, ensure_ascii=False)
        return
    if include_usage:
        yield ChatCompletionChunk(**head, choices=[], usage=_usage(answer, last)).model_dump_json()
    yield "[DONE]"


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
