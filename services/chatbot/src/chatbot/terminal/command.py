"""The command: `ntdemo-chat [EN|JA] [ITERATIONS]`.

Exit status 1 says that there is nobody to talk to, 2 that the command cannot be carried out.
"""

import sys
import time
from collections.abc import Mapping, Sequence
from importlib.metadata import version as release
from typing import Annotated, Any, Final, NoReturn

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from chatbot.settings import Settings
from chatbot.terminal.chat_client import Bot, ChatClient, Exchange
from chatbot.terminal.failures import ChatbotAway, ChatRefused, CorporaAway, TrainerAway, TrainingFailed
from chatbot.terminal.training_client import TrainingClient
from dialogue.bundle import Language
from servicekit.command import load_settings

__all__ = ["main"]

_QUIT: Final = frozenset({"q", "quit", "exit"})
_LANGUAGES: Final = {"en": Language.ENGLISH, "ja": Language.JAPANESE}
_PROMPTS: Final = {Language.ENGLISH: ("you> ", "bot> "), Language.JAPANESE: ("あなた> ", "ボット> ")}
_WELCOMES: Final = {
    Language.ENGLISH: "Say something; q quits.",
    Language.JAPANESE: "話しかけてください。q で終わります。",
}
_STARTER: Final = "starter"
_NOTICED_S: Final = 90.0
_POLL_S: Final = 1.0
_STAGES: Final = {
    "read": "reading conversations",
    "learn": "learning",
    "measure": "measuring",
    "network": "checking the ONNX networks",
    "write": "writing",
    "commit": "publishing",
    "publish": "publishing",
}
_command = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


def _tell_version(asked: bool) -> None:  # noqa: FBT001 - a callback of typer
    if asked:
        typer.echo(f"ntdemo-chat {release('ntdemo-chatbot')}")
        raise typer.Exit


@_command.command()
def chat(
    language: Annotated[str, typer.Argument(help="EN or JA.")] = "EN",
    iterations: Annotated[
        int, typer.Argument(min=0, help="Let the trainer go on first, if the bot has learned for fewer steps.")
    ] = 0,
    corpus: Annotated[
        list[str] | None,
        typer.Option(
            help="Conversations to learn from, beginning with what the shipped bot knows: a file or folder, or `starter`; "
            "`#SOURCE` and `*N` as `ntdemo-train` has them. May be given several times."
        ),
    ] = None,
    version: Annotated[  # noqa: ARG001, FBT002 - answered by its callback; as typer has it
        bool, typer.Option("--version", callback=_tell_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Talk with the bot of the running chatbot service; `q` quits, Ctrl-C stops a reply."""
    if language.lower() not in _LANGUAGES:
        _stop(f"{language!r} is no language of the chatbot: say EN or JA.", 2)
    if corpus and not iterations:
        _stop("--corpus says what to learn; say for how many steps: `ntdemo-chat EN 2000 --corpus talks.jsonl`.", 2)
    spoken = _LANGUAGES[language.lower()]
    settings = load_settings(Settings)
    console = Console(stderr=True, markup=False, highlight=False, soft_wrap=True)
    with ChatClient(settings.url, key=settings.api_key) as client:
        try:
            bot = _bot(client, spoken, iterations, corpus or [], settings, console)
            typer.echo(f"{bot.model}, {bot.steps:,} steps, run {bot.run}. {_WELCOMES[spoken]}")
            _converse(client, bot, spoken)
        except ChatbotAway as away:
            _stop(str(away), 1)


def main() -> None:
    """The command's entry point."""
    _command()


def _bot(
    client: ChatClient, language: Language, iterations: int, corpora: Sequence[str], settings: Settings, console: Console
) -> Bot:
    """The bot to talk to, after its training where it is younger than asked for."""
    model = f"ntdemo-{language}"
    present = client.bot(model, newest=iterations > 0)
    if isinstance(present, Bot) and present.steps >= iterations and (present.published or not corpora):
        if corpora:
            console.print(
                f"{present.model} was trained for {present.steps:,} steps already; ask for more to begin a new training."
            )
        return present
    if iterations:
        run = _train(language, iterations, corpora, present, settings, console)
        if run is not None:
            present = _wait_for(client, model, run, console)
    if isinstance(present, str):
        _stop(f"{model} is not here: {present}. `ntdemo-chat {language.upper()} 2000` trains one.", 1)
    return present


def _train(
    language: Language, iterations: int, corpora: Sequence[str], present: Bot | str, settings: Settings, console: Console
) -> str | None:
    """The published run; None when the bot that is there must do."""
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[figures]}"), TimeRemainingColumn())
    bot = present if isinstance(present, Bot) else None
    try:
        with (
            TrainingClient(settings.trainer_url, key=settings.api_key) as training,
            Progress(*columns, console=console, transient=True) as bars,
        ):
            bar = bars.add_task("asking the trainer", total=None, figures="")

            def on_event(kind: str, event: Mapping[str, Any]) -> None:
                _show(bars, bar, kind, event)

            return training.go_on(language, iterations, bot=bot, corpora=corpora, on_event=on_event)
    except CorporaAway as away:
        console.print(str(away))
        if sys.stdin.isatty() and typer.confirm(f"Learn {iterations:,} steps of these alone?", default=False, err=True):
            return _train(language, iterations, [_STARTER], present, settings, console)
    except (TrainerAway, TrainingFailed) as failure:
        if bot is None:
            _stop(str(failure), 1)
        console.print(str(failure))
    if bot is not None:
        console.print(f"You are talking to the bot of {bot.steps:,} steps.")
    return None


def _show(bars: Progress, bar: TaskID, kind: str, event: Mapping[str, Any]) -> None:
    if kind == "stage-started":
        bars.update(bar, description=_STAGES.get(event["stage"], event["stage"]), completed=0, total=None, figures="")
    elif kind == "progress":
        loss, speed = event.get("loss"), event.get("tokens_per_s")
        figures = [f"loss {loss:.3f}"] if loss is not None else []
        figures += [f"{speed:,.0f} tokens/s"] if speed is not None else []
        bars.update(bar, completed=event["done"], total=event.get("total"), figures=", ".join(figures))
    elif kind == "held-out":
        bars.console.print(f"step {event['step']:,}: perplexity {event['perplexity']:.1f} a token on held-out conversations")
    elif kind == "samples":
        for message, reply in event["replies"][:2]:
            bars.console.print(f"    {message} → {reply}")


def _wait_for(client: ChatClient, model: str, run: str, console: Console) -> Bot | str:
    """The bot that was trained, as soon as the chatbot has found it."""
    deadline_s = time.monotonic() + _NOTICED_S
    while True:
        bot = client.bot(model, newest=True)
        if (isinstance(bot, Bot) and bot.run == run) or time.monotonic() > deadline_s:
            break
        time.sleep(_POLL_S)
    if isinstance(bot, Bot) and bot.run != run:
        console.print(f"Run {run} is published, but the chatbot has not taken it; it still speaks by run {bot.run}.")
    return bot


def _converse(client: ChatClient, bot: Bot, language: Language) -> None:
    history: list[Exchange] = []
    yours, its = _PROMPTS[language]
    while True:
        try:
            message = input(yours).strip()
        except (EOFError, KeyboardInterrupt):
            typer.echo()
            return
        if message.lower() in _QUIT:
            return
        if not message:
            continue
        reply = ""
        sys.stdout.write(its)
        try:
            for piece in client.reply(bot.model, history, message):
                reply += piece
                sys.stdout.write(piece)
                sys.stdout.flush()
        except KeyboardInterrupt:
            sys.stdout.write(" …")
        except ChatRefused as refusal:
            sys.stdout.write(str(refusal))
            reply = ""
        sys.stdout.write("\n")
        history.append(Exchange(message, reply))


def _stop(sentence: str, status: int) -> NoReturn:
    typer.echo(sentence, err=True)
    raise typer.Exit(status)
