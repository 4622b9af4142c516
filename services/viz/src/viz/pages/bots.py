"""Bots on the page of runs: all of them with how they did, and what can be changed of a chosen one."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from dash import Dash, Input, Output, dcc, html
from dash.development.base_component import Component

from viz.cards import BotCard, cards_of
from viz.failures import Unshowable
from viz.language import _
from viz.pages import registration
from viz.pages.elements import aria, notice, number, table
from viz.pages.registration import called, empty, filled, said
from viz.registry import Registered, Registry
from viz.scores import Scores
from viz.view import View

__all__ = ["register", "section"]

_MINUTE: Final = "%Y-%m-%d %H:%M"
_UNKNOWN: Final = BotCard("")


def section() -> Component:
    """The places for the list, for the forms, and for what a press did."""
    return html.Section(
        [
            html.H2(_("Bots")),
            html.Div(id="bots-view"),
            *registration.section("bot"),
        ],
        className="card",
        **aria(label=_("Bots")),
    )


def register(dash: Dash, path: str, registry: Registry, scores: Scores) -> None:
    """Add the section's callback; `path` is that of its page."""

    @dash.callback(
        Output("bots-view", "children"),
        *registration.outputs("bot"),
        Input("address", "search"),
        Input("registry", "data"),
        Input("trainer", "data"),
        *registration.shown("bot"),
    )
    async def show_bots(search: str, _changes: int | None, trainer: str | None, *shown: Any) -> Any:
        if trainer != "here":
            return html.P(_("The trainer knows the bots; it does not answer now."), className="quiet"), *empty(None)
        view = View.repaired(search)
        try:
            bots, aliases = await registry.bots(), [each for each in await registry.aliases() if each.is_of_bots]
            cards = await cards_of(scores)
        except Unshowable as failure:
            return notice(str(failure)), *empty(None)
        if not bots:
            return html.P(_("No bot has been trained yet; the shipped ones answer."), className="quiet"), *empty(None)
        chosen = next((bot for bot in bots if bot.id == view.bot), None)
        listed = _listed(bots, cards, view, path)
        if chosen is None:
            return listed, *empty(html.P(_("Choose a bot to name it, to serve it, or to delete it."), className="quiet"))
        language = cards.get(chosen.id, _UNKNOWN).language
        proposed = next((each.alias for each in aliases if each.alias.endswith(f"-{language}")), aliases[0].alias)
        return listed, *filled("bot", chosen, aliases, proposed, *shown)


def _listed(bots: Sequence[Registered], cards: Mapping[str, BotCard], view: View, path: str) -> Component:
    rows = []
    for bot in bots:
        card = cards.get(bot.id, _UNKNOWN)
        link = dcc.Link(called(bot), href=f"{path}{replace(view, bot=bot.id).search}")
        perplexity = "–" if card.perplexity is None else _perplexity(number(card.perplexity), str(card.unit))
        hits = "–" if card.hits is None else number(card.hits, 3)
        size = "–" if card.parameters is None else f"{card.parameters:,}"
        rows.append([html.Span([link, *said(bot)]), card.language or "–", perplexity, hits, size, f"{bot.published:{_MINUTE}}"])
    head = [
        (_("Bot"), "text"),
        (_("Language"), "text"),
        (_("Perplexity"), "figure"),
        (_("Hits of 20"), "figure"),
        (_("Parameters"), "figure"),
        (_("Published, UTC"), "text"),
    ]
    chosen = next((at for at, bot in enumerate(bots) if bot.id == view.bot), None)
    return table(_("Trained bots, the newest first"), head, rows, chosen=chosen)


def _perplexity(perplexity: str, unit: str) -> str:
    match unit:
        case "word":
            return _("{perplexity} a word", perplexity=perplexity)
        case "character":
            return _("{perplexity} a character", perplexity=perplexity)
        case _:
            return perplexity
