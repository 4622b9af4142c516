"""A trained bot in a few lines: its scorecard as tables, for a person at a terminal."""

from collections.abc import Iterator

from trainer.pipelines.dialogue import TrainedBot

__all__ = ["bot_summary"]


def bot_summary(bot: TrainedBot) -> str:
    """What was trained and how good it is; ends with a line break."""
    return "".join(f"{line}\n" for line in _lines(bot))


def _lines(bot: TrainedBot) -> Iterator[str]:
    training, scorecard, export = bot.card.training, bot.card.scorecard, bot.card.export
    size_mb = sum(file.size_bytes for file in bot.card.files) / 1e6
    yield (
        f"{bot.run}: {bot.artifact}, {training.steps:,} steps, {training.epochs:.2f} epochs of "
        f"{training.exchanges:,} exchanges in {training.seconds:.0f} s on {training.device}"
    )
    yield (
        f"{training.parameters:,} parameters, {size_mb:.1f} MB in 8 bits; perplexity a token {export.perplexity_float32:.2f}, "
        f"in 8 bits {export.perplexity_int8:.2f}; ONNX differs from PyTorch by {export.parity:.1e}"
    )
    if scorecard is None:
        yield "too few conversations are held out to measure more"
        return
    yield (
        f"held-out perplexity a {scorecard.unit} {scorecard.perplexity:.1f} on {scorecard.exchanges:,} exchanges; "
        f"{scorecard.coverage_percent:.1f} % of the messages can be read"
    )
    yield f"{'hit@1 of 20':<12}{'random':>8}{'hard':>8}   (standard error {scorecard.standard_error:.3f})"
    for row in scorecard.ranking:
        yield f"{row.name:<12}{row.random:>8.3f}{row.hard:>8.3f}"
    yield (
        f"{'replies':<12}{'distinct-1':>12}{'distinct-2':>12}{'self-BLEU-2':>12}{'top %':>8}{'echo %':>8}{'repeat %':>10}"
        f"{'verbatim %':>12}"
    )
    for reply in scorecard.replies:
        yield (
            f"{reply.name:<12}{reply.distinct_1:>12.3f}{reply.distinct_2:>12.3f}{reply.self_bleu_2:>12.3f}"
            f"{reply.top_reply_percent:>8.1f}{reply.echo_percent:>8.1f}{reply.repetition_percent:>10.1f}"
            f"{reply.memorised_percent:>12.1f}"
        )
