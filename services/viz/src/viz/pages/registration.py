"""What people say of a run or a bot, and which aliases name it: forms, and what their buttons do.

A form holds what was seen when it was filled: which run it is of, what was said of that, and what every alias named. Where
somebody else has moved the alias since, the change is refused. What stands in its fields is the reader's as long as the form is
of the same run: nothing that is typed is overwritten, and only what was changed is sent.
"""

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from dash import Dash, Input, Output, State, dcc, html, no_update
from dash.development.base_component import Component

from viz.failures import Unshowable
from viz.language import N_, _, enumerated
from viz.pages.elements import table
from viz.registry import Alias, Registry
from viz.scores import Scores

__all__ = ["Entry", "called", "empty", "filled", "outputs", "register", "said", "section", "shown"]

_SAID: Final = ("name", "tags", "note")
"""Fields of what people say."""
_BEFORE: Final = 3
"""Of what an alias named before, how many are listed."""

Seen = Mapping[str, Any]
"""`run`; `said`: name, tags and note of it as its fields were filled; `aliases`: what each of them names."""
Act = Callable[..., Awaitable[str]]


class Entry(Protocol):
    """A run or a bot, by whichever service tells of it."""

    @property
    def id(self) -> str:
        """What it is asked for by."""

    @property
    def name(self) -> str | None:
        """What people call it."""

    @property
    def tags(self) -> tuple[str, ...]:
        """Words."""

    @property
    def note(self) -> str:
        """Sentences."""

    @property
    def pinned(self) -> bool:
        """Whether it cannot be deleted."""

    @property
    def aliases(self) -> tuple[str, ...]:
        """Those that name it."""


def called(entry: Entry) -> str:
    """The name of a run or a bot, or its id where it has none."""
    return entry.name or entry.id


def said(entry: Entry) -> list[Component]:
    """For a row of a list: aliases, pin, tags, and the first line of the note."""
    badges = [*entry.aliases, *([_("pinned")] if entry.pinned else [])]
    note = entry.note.strip().partition("\n")[0]
    return [
        *([html.Span(f" {entry.id}", className="quiet")] if entry.name else []),
        *(html.Span(each, className="badge alias") for each in badges),
        *(html.Span(tag, className="badge") for tag in entry.tags),
        *([html.Span(note, className="quiet note")] if note else []),
    ]


def section(kind: str) -> list[Component]:
    """The forms, hidden until `filled`: they stay while what they hold changes, with the focus that is in them."""
    says = _SAYS[kind]
    return [
        html.Div(id=f"{kind}-notice"),
        html.Div(
            [
                dcc.Store(id=f"{kind}-seen", data=None),
                html.H3(id=f"{kind}-called"),
                html.Div(
                    [_field(f"{kind}-name", _("Name")), _field(f"{kind}-tags", _("Tags, with spaces between them"))],
                    className="ask",
                ),
                html.Div(
                    [
                        html.Label(_("Note"), htmlFor=f"{kind}-note"),
                        dcc.Textarea(id=f"{kind}-note", value="", className="note"),
                    ],
                    className="search",
                ),
                html.Div(
                    [
                        _button(f"{kind}-save", _("Save name, tags and note"), primary=True),
                        _button(f"{kind}-pin", _("Pin"), title=_(says.pinned)),
                    ],
                    className="toolbar",
                ),
                html.Div(id=f"{kind}-aliases"),
                html.Div(
                    [
                        _field(f"{kind}-alias", _("Alias"), offers=f"{kind}-offers"),
                        _button(f"{kind}-promote", _(says.promote)),
                        _button(f"{kind}-back", _("Roll it back"), title=_("Let it name what it named before")),
                        *([_button(f"{kind}-drop", _("Take it away"))] if kind == "run" else []),
                    ],
                    className="ask",
                ),
                *(
                    [_confirmed(_("Promote without measuring …"), _(_UNMEASURED), "bot-force", _("Promote it"))]
                    if kind == "bot"
                    else []
                ),
                _confirmed(_(says.delete), _(_DELETED), f"{kind}-delete", _("Delete it")),
            ],
            id=f"{kind}-form",
            className="cards",
            hidden=True,
        ),
        html.P(
            [
                html.Span(id=f"{kind}-told"),
                html.Span("…", id=f"{kind}-busy", hidden=True),
                html.Span(_("Measuring both bots; this takes up to a minute …"), id=f"{kind}-measuring", hidden=True),
            ],
            role="status",
        ),
    ]


@dataclass(frozen=True)
class _Says:
    """What is said of a run or of a bot."""

    pinned: str
    promote: str
    delete: str
    aliases: str


_SAYS: Final = {
    "run": _Says(
        N_("A pinned run cannot be deleted"), N_("Let it name this run"), N_("Delete this run …"), N_("Aliases of runs")
    ),
    "bot": _Says(
        N_("A pinned bot cannot be deleted"), N_("Let it name this bot"), N_("Delete this bot …"), N_("Aliases of bots")
    ),
}
_UNMEASURED: Final = N_(
    "A bot takes a language's plain name only if it is not worse than the one that is served there, on exchanges that its "
    "training held out. This leaves that out."
)
_DELETED: Final = N_(
    "Nobody is answered from it any more. Its files lie apart until the store is cleaned up; as long, "
    "`ntdemo-train runs restore` brings it back without its name, tags and note."
)


def outputs(kind: str) -> list[Output]:
    """What `filled` or `empty` say."""
    names = (
        *("notice.children", "form.hidden", "seen.data", "called.children", "name.value", "tags.value", "note.value"),
        *("pin.children", "pin.value", "aliases.children", "offers.children", "alias.value"),
    )
    return [Output(f"{kind}-{name.partition('.')[0]}", name.partition(".")[2]) for name in names]


def shown(kind: str) -> list[State]:
    """What `filled` needs to know of the forms as they stand."""
    return [State(f"{kind}-seen", "data"), *(State(f"{kind}-{field}", "value") for field in _SAID)]


def filled(
    kind: str, entry: Entry, aliases: Sequence[Alias], proposed: str, seen: Seen | None, *fields: str | None
) -> tuple[Any, ...]:
    """The forms of a run or a bot; `proposed` is the alias that stands in the field, `seen` and `fields` are `shown`."""
    said = {"name": entry.name or "", "tags": " ".join(entry.tags), "note": entry.note}
    texts: tuple[Any, ...] = (*said.values(), proposed)
    if seen is not None and seen["run"] == entry.id:
        now = _plain(dict(zip(_SAID, fields, strict=True)))
        said = {field: text if now[field] == text else seen["said"][field] for field, text in said.items()}
        texts = (no_update,) * len(texts)
    seen = {"run": entry.id, "said": said, "aliases": {each.alias: each.run for each in aliases}}
    return (
        *(None, False, seen, _("What people say of {name}", name=called(entry)), *texts[:-1]),
        *((_("Unpin"), "") if entry.pinned else (_("Pin"), "pin")),
        *(_aliases(kind, aliases), [html.Option(value=each.alias) for each in aliases], texts[-1]),
    )


def empty(why: Component | None) -> tuple[Any, ...]:
    """No forms, and why. What stands in them is there again when they are of the same run."""
    return why, True, *([no_update] * len(outputs("")[2:]))


def register(dash: Dash, kind: str, registry: Registry, scores: Scores) -> None:
    """Add what the buttons of one kind's forms do."""
    acts = _Acts(registry)
    measuring = "measuring" if kind == "bot" else "busy"
    presses: list[tuple[str, Act, tuple[str, ...], str]] = [
        ("save", acts.save, _SAID, "busy"),
        ("pin", acts.pin, ("pin",), "busy"),
        ("promote", acts.promote, ("alias",), measuring),
        ("back", acts.roll_back, ("alias",), "busy"),
        ("delete", acts.delete, (), "busy"),
        ("force", acts.force, ("alias",), "busy") if kind == "bot" else ("drop", acts.drop, ("alias",), "busy"),
    ]
    for button, act, fields, busy in presses:
        _on(dash, scores, kind, button, act, fields, busy)


def _on(dash: Dash, scores: Scores, kind: str, button: str, act: Act, fields: Sequence[str], busy: str) -> None:
    """Let a press act: what was seen and the values of some fields go in, a sentence for the reader comes out.

    The button is not disabled meanwhile, which would take the focus from it.
    """

    @dash.callback(
        Output(f"{kind}-told", "children", allow_duplicate=True),
        Output("registry", "data", allow_duplicate=True),
        Input(f"{kind}-{button}", "n_clicks"),
        State("registry", "data"),
        State(f"{kind}-seen", "data"),
        *(State(f"{kind}-{field}", "value") for field in fields),
        prevent_initial_call=True,
        running=[(Output(f"{kind}-{busy}", "hidden"), False, True)],
    )
    async def press(clicks: int | None, changes: int | None, seen: Seen | None, *given: str | None) -> Any:
        if not clicks or seen is None:  # the button has only just appeared
            return no_update, no_update
        try:
            sentence = await act(seen, *((each or "").strip() for each in given))
        except Unshowable as failure:
            sentence = str(failure)
        scores.forget_runs()
        return sentence, (changes or 0) + 1


@dataclass(frozen=True)
class _Acts:
    """What presses do, and what is said of it."""

    registry: Registry

    async def save(self, seen: Seen, name: str, tags: str, note: str) -> str:
        now = _plain({"name": name, "tags": tags, "note": note})
        changed: dict[str, Any] = {field: text for field, text in now.items() if text != seen["said"][field]}
        if "name" in changed:
            changed["name"] = changed["name"] or None
        if "tags" in changed:
            changed["tags"] = changed["tags"].split()
        await self.registry.edit(seen["run"], **changed)
        return _("Saved.")

    async def pin(self, seen: Seen, wanted: str) -> str:
        await self.registry.edit(seen["run"], pinned=bool(wanted))
        return _("It is pinned: it cannot be deleted.") if wanted else _("It is pinned no more.")

    async def promote(self, seen: Seen, alias: str) -> str:
        await self.registry.promote(alias, seen["run"], seen=_seen(seen, alias))
        return _("{alias} names {run} from now on.", alias=alias, run=seen["run"])

    async def force(self, seen: Seen, alias: str) -> str:
        await self.registry.promote(alias, seen["run"], seen=_seen(seen, alias), force=True)
        return _("{alias} names {run} from now on.", alias=alias, run=seen["run"])

    async def roll_back(self, seen: Seen, alias: str) -> str:
        run = await self.registry.roll_back(alias, seen=_seen(seen, alias))
        return _("{alias} names {run} again.", alias=alias, run=run or _("the shipped bot"))

    async def drop(self, seen: Seen, alias: str) -> str:
        await self.registry.drop(alias, seen=_seen(seen, alias))
        return _("There is no alias {alias} any more.", alias=alias)

    async def delete(self, seen: Seen) -> str:
        await self.registry.delete(seen["run"])
        return _("{run} is deleted.", run=seen["run"])


def _plain(said: Mapping[str, str | None]) -> dict[str, str]:
    """Fields as the trainer keeps them."""
    texts = {field: (text or "").strip() for field, text in said.items()}
    return {**texts, "tags": " ".join(word for word in re.split(r"[\s,]+", texts["tags"]) if word)}


def _seen(seen: Seen, alias: str) -> str | None:
    """What an alias named when the form was made."""
    run: str | None = seen["aliases"].get(alias)
    return run


def _aliases(kind: str, aliases: Sequence[Alias]) -> Component:
    rows = [
        [
            html.Code(each.alias),
            each.run or _("the shipped bot"),
            *([enumerated(each.before[:_BEFORE]) or "–"] if kind == "run" else []),
        ]
        for each in aliases
    ]
    before = [(_("Named before, the last first"), "text")] if kind == "run" else []
    return table(_(_SAYS[kind].aliases), [(_("Alias"), "text"), (_("Names"), "text"), *before], rows)


def _field(identity: str, label: str, *, offers: str | None = None) -> Component:
    offered: dict[str, Any] = {} if offers is None else {"list": offers}
    return html.Div(
        [
            html.Label(label, htmlFor=identity),
            dcc.Input(id=identity, type="text", value="", autoComplete="off", spellCheck=False, **offered),
            *([] if offers is None else [html.Datalist(id=offers)]),
        ],
        className="search",
    )


def _confirmed(summary: str, sentence: str, identity: str, label: str) -> Component:
    """A button behind what it does."""
    return html.Details([html.Summary(summary), html.P(sentence), _button(identity, label)], className="alternative confirmed")


def _button(identity: str, label: str, *, primary: bool = False, title: str | None = None) -> Component:
    named: dict[str, Any] = {} if title is None else {"title": title}
    return html.Button(label, id=identity, n_clicks=0, type="button", className="primary" if primary else "", **named)
