"""Answering: what keeps a region of a page from its content is said in its place, in plain words."""

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any, ParamSpec

from viz.failures import Missing, NoRun, Refused, Unshowable
from viz.pages.elements import notice

__all__ = ["answering"]

P = ParamSpec("P")


def answering(*beside: Any) -> Callable[[Callable[P, Awaitable[Any]]], Callable[P, Awaitable[Any]]]:
    """Let a callback that fills one region answer with a notice when its content cannot be had.

    `beside` are the values of the callback's other outputs in that case.
    """

    def decorate(region: Callable[P, Awaitable[Any]]) -> Callable[P, Awaitable[Any]]:
        @wraps(region)
        async def answered(*args: P.args, **kwargs: P.kwargs) -> Any:
            try:
                return await region(*args, **kwargs)
            except Missing as missing:
                sentence = notice(str(missing), "Choose another one above or go back.")
            except Refused as refused:
                sentence = notice(str(refused), "")
            except NoRun as none:
                sentence = notice(str(none), "As soon as the trainer publishes one, it appears here.")
            except Unshowable as failure:
                sentence = notice(str(failure))
            return (sentence, *beside) if beside else sentence

        return answered

    return decorate
