"""Regions of a page: what a callback fills one with, or in plain words what keeps it from its content."""

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any, Final, ParamSpec

from dash import dcc, html
from dash.development.base_component import Component

from viz.failures import NoRun, NotInRun, NotOffered, NotTold, Unshowable
from viz.language import _, around
from viz.pages.elements import neighbour_table, notice
from viz.pages.pictures import picture
from viz.scores import Scores
from viz.view import View

__all__ = ["answering", "chosen_fragment"]

P = ParamSpec("P")
_NEAREST: Final = 12


def answering(*beside: Any) -> Callable[[Callable[P, Awaitable[Any]]], Callable[P, Awaitable[Any]]]:
    """Let a callback that fills one region answer with a notice when its content cannot be had.

    `beside` are the values of the callback's other outputs in that case.
    """

    def decorate(region: Callable[P, Awaitable[Any]]) -> Callable[P, Awaitable[Any]]:
        @wraps(region)
        async def answered(*args: P.args, **kwargs: P.kwargs) -> Any:
            try:
                return await region(*args, **kwargs)
            except (NotInRun, NotOffered) as failure:
                sentence = notice(str(failure), _("Choose another one above or go back."))
            except NotTold as failure:
                sentence = notice(str(failure), "")
            except NoRun as failure:
                sentence = notice(str(failure), _("As soon as the trainer publishes one, it appears here."))
            except Unshowable as failure:
                sentence = notice(str(failure))
            return (sentence, *beside) if beside else sentence

        return answered

    return decorate


async def chosen_fragment(scores: Scores, view: View, path: str) -> list[Component | None]:
    """Beside a figure: the chosen fragment and its nearest, or how to choose one."""
    chosen = view.fragment
    if chosen is None:
        return [
            html.H2(_("Nothing chosen yet")),
            html.P(
                around(
                    _("Choose a fragment in the figure, in its table, or by {search}."),
                    search=dcc.Link(_("search"), href=f"/fragments{view.search}"),
                ),
                className="quiet",
            ),
        ]
    run = await scores.run(view.run)
    similarity = view.similarity_in(run)
    fragment = await scores.fragment(run.id, chosen)
    neighbours = await scores.neighbours(run.id, chosen, similarity, _NEAREST)
    return [
        html.Div(
            [html.H2(fragment.name), dcc.Link(_("Clear"), href=f"{path}{view.choosing(None).search}")],
            className="heading",
        ),
        picture(fragment.smiles, size="medium"),
        html.P(_("in {count:,} compounds", count=fragment.support), className="quiet"),
        neighbour_table(neighbours, similarity, view, path, full=False),
        html.P(dcc.Link(_("All about this fragment"), href=f"/fragments{view.search}")),
    ]
