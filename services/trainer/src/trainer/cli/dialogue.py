"""`ntdemo-train dialogue`: a chatbot."""

from typing import TYPE_CHECKING, Annotated

import typer

from dialogue.bundle import Architecture, Language
from trainer.cli.bars import Bars
from trainer.cli.command import AsJson, Command, Waiting
from trainer.jobs.stop import Stop
from trainer.runs.spec import MINUTES, BotSize, BotSpec
from trainer.settings import Settings

if TYPE_CHECKING:
    from trainer.pipelines.dialogue import TrainedBot

__all__ = ["dialogue"]


def dialogue(  # noqa: PLR0917 - an argument an option
    context: typer.Context,
    language: Annotated[Language, typer.Option(help="What the bot speaks.")],
    corpora: Annotated[
        list[str] | None,
        typer.Option(
            "--corpus",
            help="A file or folder of conversations; may be given several times. `starter` is our own small corpus, and what "
            "is taken without this option. PATH#SOURCE takes one source of it, PATH*N learns it N times an epoch.",
        ),
    ] = None,
    iterations: Annotated[int | None, typer.Option(min=1, help="Steps of the optimizer, over all resumed parts.")] = None,
    minutes: Annotated[
        float | None, typer.Option(help=f"Of training, over all resumed parts; {MINUTES:.0f} without --iterations.")
    ] = None,
    architecture: Annotated[
        Architecture, typer.Option("--arch", help="The network behind the bot.")
    ] = Architecture.TRANSFORMER,
    size: Annotated[BotSize, typer.Option(help="Of the network: small for processors, large for GPUs.")] = BotSize.SMALL,
    dropout: Annotated[
        float | None, typer.Option(help="If not given, 0 in the first epoch, 0.1 until the fifth is over, then 0.2.")
    ] = None,
    licence: Annotated[
        str | None,
        typer.Option(
            help="Of the weights, as SPDX: what the corpora allow; Apache-2.0 if not given, that of the shipped weights with "
            "`--begin-with shipped`."
        ),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of first weights, order and dropout.")] = 0,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or cuda:N.")] = "auto",
    *,
    resume: Annotated[
        bool, typer.Option("--resume", help="Continue this language's last training from its checkpoint.")
    ] = False,
    begin_with: Annotated[
        str | None,
        typer.Option(help="`shipped`, or the weights.npz published with a bot: begin with its network and words."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Train a chatbot, measure it on held-out conversations and publish its bundle into NTDEMO_STATE.

    Ctrl-C stops after the step under way and writes a checkpoint: --resume continues it as if it had not been stopped. Under
    `torchrun --nproc-per-node N -m trainer.cli dialogue ...` N processes train one bot.
    """
    members = {
        "kind": "dialogue",
        "language": language,
        "corpora": tuple(corpora or ()),
        "architecture": architecture,
        "size": size,
        "iterations": iterations,
        "minutes": minutes,
        "resume": resume,
        "begin_with": begin_with,
        "dropout": dropout,
        "licence": licence,
        "seed": seed,
        "device": device,
    }
    with Command.begun(context, as_json=as_json) as command:
        spec = command.spec(BotSpec, members)
        stop = Stop()

        def work(settings: Settings, bars: Bars, waiting: Waiting) -> "TrainedBot | None":
            from trainer.pipelines import dialogue as bots  # noqa: PLC0415 - a wrong option need not wait for it

            with stop.on_interrupt():
                return bots.train(spec, settings, bars, stop=stop, waiting=waiting)

        bot, stages = command.perform(work)
        if bot is None:
            return  # another process of this training leads it
        if as_json:
            seconds = {"seconds": bot.seconds, "stages": stages}
            command.answer({"run": bot.run, "artifact": bot.artifact, **seconds, "card": bot.card.model_dump(mode="json")})
            return
        from trainer.cli.bot_summary import bot_summary  # noqa: PLC0415 - see above

        command.say(bot_summary(bot))
