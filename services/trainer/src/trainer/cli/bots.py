"""`ntdemo-train bots`: which trained chatbots there are, which are served, and the way there and back."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from dialogue.bundle import Language
from trainer.cli.bars import Bars
from trainer.cli.command import AsJson, Command, Waiting
from trainer.settings import Settings

if TYPE_CHECKING:
    from trainer.pipelines.promotion import Promotion, TrainedRun

__all__ = ["bots"]

bots = typer.Typer(
    help="List trained chatbots, promote one to be served under its language's name, go back.", no_args_is_help=True
)


@bots.command("list")
def list_bots(context: typer.Context, *, as_json: AsJson = False) -> None:
    """List published bots, the oldest first; what is served under the language's plain name is marked."""
    with Command.begun(context, as_json=as_json) as command:

        def work(settings: Settings, _: Bars, __: Waiting) -> "list[TrainedRun]":
            from trainer.pipelines.promotion import trained_bots  # noqa: PLC0415 - a wrong option need not wait for it

            return trained_bots(settings)

        found, _ = command.perform(work)
        if as_json:
            command.answer({"bots": [asdict(bot) for bot in found]})
        for bot in found if not as_json else ():
            command.say(f"{bot.run}  {bot.language}  {'served' if bot.is_served else f'ntdemo-{bot.language}:{bot.run}'}\n")


@bots.command("promote")
def promote_bot(
    context: typer.Context,
    run: Annotated[str, typer.Argument(help="The run that published the bot.")],
    *,
    language: Annotated[Language | None, typer.Option(help="Only if it speaks this language.", show_default=False)] = None,
    expected: Annotated[
        str | None,
        typer.Option(
            help="Only if this bot is served, before and after measuring; '*' for any trained one.", show_default=False
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Even if it is worse, and without measuring.")] = False,
    as_json: AsJson = False,
) -> None:
    """Serve a bot under its language's plain name, if it is not worse on held-out exchanges than the one served there."""
    with Command.begun(context, as_json=as_json) as command:

        def work(settings: Settings, _: Bars, waiting: Waiting) -> "Promotion":
            from trainer.pipelines.promotion import promote  # noqa: PLC0415 - a wrong option need not wait for it

            return promote(settings, run, speaks=language, force=force, expected=expected, waiting=waiting)

        promotion, _ = command.perform(work)
        _tell(command, promotion, as_json=as_json)


@bots.command("rollback")
def rollback_bot(
    context: typer.Context,
    language: Annotated[Language, typer.Argument(help="Whose last promotion is undone.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Serve what was served before the last promotion; before the first it was the shipped bot."""
    with Command.begun(context, as_json=as_json) as command:

        def work(settings: Settings, _: Bars, waiting: Waiting) -> "Promotion":
            from trainer.pipelines.promotion import rollback  # noqa: PLC0415 - a wrong option need not wait for it

            return rollback(settings, language, waiting=waiting)

        promotion, _ = command.perform(work)
        _tell(command, promotion, as_json=as_json)


def _tell(command: Command, promotion: "Promotion", *, as_json: bool) -> None:
    if as_json:
        command.answer(asdict(promotion))
        return
    command.say(f"ntdemo-{promotion.language} is {promotion.served} from now on; before it was {promotion.before}.\n")
    if promotion.candidate is not None and promotion.incumbent is not None:
        new, old = promotion.candidate, promotion.incumbent
        command.say(
            f"On {new.exchanges} held-out exchanges: perplexity {new.perplexity:.1f} against {old.perplexity:.1f}, "
            f"the true reply first of 20 in {100 * new.hit:.0f} % against {100 * old.hit:.0f} %.\n"
        )
