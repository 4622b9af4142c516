"""Corpora: which conversations the spec of a chatbot names, and whether they can be read at all."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from trainer.data.offences import InvalidData, Offence
from trainer.data.sources import locate
from trainer.dialogue.corpus.conversation import InvalidCorpus
from trainer.dialogue.corpus.reading import read_corpus
from trainer.dialogue.corpus.starter import starter_file
from trainer.dialogue.failures import InvalidCheckpoint
from trainer.dialogue.spec import LARGE, SMALL, CorpusChoice, DialogueSpec, Recipe, Sizes
from trainer.dialogue.weights import WEIGHTS_FILE, shipped_licence, shipped_weights
from trainer.runs.spec import MINUTES, SHIPPED, STARTER, BotSize, BotSpec, FactorsSpec, RunSpec
from trainer.settings import Settings

__all__ = ["check", "command", "named_sources", "offence", "training_spec"]

_HELD_OUT_OF_STARTER: Final = 0.1
"""The starter corpus alone is small: a larger part of it is held out, so that there is something to measure on."""

_LICENCE: Final = "Apache-2.0"
_SIZES: Final[Mapping[BotSize, Sizes]] = {BotSize.SMALL: SMALL, BotSize.LARGE: LARGE}


def named_sources(spec: RunSpec) -> tuple[str, ...]:
    """What is named on this machine, corpora without their `#SOURCE` and `*N`: `trainer.data.sources` judges and finds it."""
    if isinstance(spec, FactorsSpec):
        return spec.sources + spec.later
    begun = (spec.begin_with,) if spec.begin_with not in {None, SHIPPED} else ()
    return tuple(path for path in (*map(_word, spec.corpora), *begun) if path is not None and path != STARTER)


def training_spec(spec: BotSpec, settings: Settings) -> DialogueSpec:
    """What is trained: every corpus and the weights to begin with as a file or folder.

    Raises:
        DataNotFound: One of them is not there.
        InvalidCheckpoint: `shipped`, and no bot of this language is shipped.
    """
    iterations, minutes = spec.iterations, spec.minutes
    return DialogueSpec(
        language=spec.language,
        corpora=tuple(_choice(text, spec, settings) for text in spec.corpora),
        architecture=spec.architecture,
        iterations=iterations,
        minutes=MINUTES if iterations is None and minutes is None else minutes,
        sizes=_SIZES[spec.size],
        recipe=Recipe() if spec.dropout is None else Recipe(dropout=spec.dropout),
        begin_with=_weights(spec, settings),
        seed=spec.seed,
        held_out_share=_HELD_OUT_OF_STARTER if all(_word(text) == STARTER for text in spec.corpora) else 0.02,
        licence=_licence(spec),
    )


def check(choices: Sequence[CorpusChoice]) -> None:
    """Read the first conversation of each.

    Raises:
        InvalidData: One of them cannot be read.
    """
    for choice in choices:
        try:
            next(read_corpus(choice.path))
        except InvalidCorpus as error:
            raise offence(error) from None


def offence(error: InvalidCorpus) -> InvalidData:
    """What is wrong with a corpus, as with any other data."""
    return InvalidData([Offence(error.file.name, error.line, None, None, error.reason)])


def command(spec: BotSpec, choices: Sequence[CorpusChoice]) -> str:
    """The command that trains as the spec says, for people: corpora by folder and file, without the machine's paths."""
    words = ["ntdemo-train dialogue", f"--language {spec.language}"]
    words += [f"--corpus '{choice.name}'" for choice in choices]
    words += [f"--arch {spec.architecture}"]
    words += [f"--size {spec.size}"] if spec.size is not BotSize.SMALL else []
    words += [f"--iterations {spec.iterations}"] if spec.iterations is not None else [f"--minutes {spec.minutes or MINUTES:g}"]
    if spec.begin_with is not None:
        words += [f"--begin-with {SHIPPED if spec.begin_with == SHIPPED else WEIGHTS_FILE}"]
    words += [f"--dropout {spec.dropout:g}"] if spec.dropout is not None else []
    words += [f"--seed {spec.seed}"] if spec.seed else []
    return " ".join([*words, f"--licence {_licence(spec)}"])


def _word(text: str) -> str:
    return str(CorpusChoice.parse(text).path)


def _choice(text: str, spec: BotSpec, settings: Settings) -> CorpusChoice:
    choice = CorpusChoice.parse(text)
    path: Path = starter_file(spec.language) if str(choice.path) == STARTER else locate([str(choice.path)], settings)[0]
    return choice.model_copy(update={"path": path})


def _licence(spec: BotSpec) -> str:
    if spec.licence is not None:
        return spec.licence
    return shipped_licence(spec.language) if spec.begin_with == SHIPPED else _LICENCE


def _weights(spec: BotSpec, settings: Settings) -> Path | None:
    if spec.begin_with is None:
        return None
    if spec.begin_with != SHIPPED:
        return locate([spec.begin_with], settings)[0]
    shipped = shipped_weights(spec.language)
    if not shipped.is_file():
        raise InvalidCheckpoint(f"No weights are shipped for {spec.language}.")
    return shipped
