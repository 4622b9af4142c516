"""What a dialogue training is asked for: language, corpora, network, and how long to learn."""

import re
from pathlib import Path
from typing import Annotated, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from dialogue.bundle import Architecture, Language

__all__ = ["LARGE", "SMALL", "CorpusChoice", "DialogueSpec", "Recipe", "Sizes"]

_CHOICE: Final = re.compile(r"(?P<path>.+?)(?:#(?P<source>[^#]*?))?(?:\*(?P<times>\d+))?", re.DOTALL)
_Positive = Annotated[int, Field(ge=1)]
_Share = Annotated[float, Field(ge=0, lt=1)]


class _Asked(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class CorpusChoice(_Asked):
    """A corpus, or the part of it that has one source."""

    path: Path
    source: str | None = None
    """Only conversations with this `src`; None takes all."""
    times: Annotated[int, Field(ge=1, le=100)] = 1
    """How often an epoch learns each of its exchanges: a small corpus that a bot should know well among large ones."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """`PATH`, or `PATH#SOURCE` for one source of it; `*N` behind it learns its exchanges N times an epoch."""
        found = _CHOICE.fullmatch(text)
        assert found is not None  # noqa: S101 - the pattern's first group takes everything
        return cls(path=Path(found["path"]), source=found["source"] or None, times=int(found["times"] or 1))

    @property
    def name(self) -> str:
        """Its folder and file, with what is said of source and times: for people, free of the machine's paths."""
        source = f"#{self.source}" if self.source is not None else ""
        return f"{self.path.parent.name}/{self.path.name}{source}" + (f"*{self.times}" if self.times > 1 else "")


class Sizes(_Asked):
    """Of the network; a field that the architecture does not have is ignored by it."""

    vocabulary: Annotated[int, Field(ge=300, le=65_536)] = 8_000
    width: _Positive = 192
    hidden: _Positive = 256
    """GRU: units of the decoder and of each direction of the encoder."""
    heads: _Positive = 4
    inner: _Positive = 768
    encoder_layers: _Positive = 1
    decoder_layers: _Positive = 2

    @model_validator(mode="after")
    def _heads_share_the_width(self) -> Self:
        if self.width % self.heads:
            raise ValueError(f"width {self.width} cannot be shared by {self.heads} heads")
        return self


SMALL: Final = Sizes()
"""Suits an hour of one core; a bundle of some 7 MB."""
LARGE: Final = Sizes(width=256, hidden=384, heads=4, inner=1_024, encoder_layers=3, decoder_layers=2)
"""Suits a GPU, or half a day of one core; a bundle of some 11 MB. Layers that read cost a reply little: they run once."""


class Recipe(_Asked):
    """How to learn. None means: what suits the architecture and the device."""

    learning_rate: Annotated[float, Field(gt=0)] | None = None
    """At its highest; 2e-3, but 1e-3 for a Transformer on a GPU, whose batches are large."""
    first_tokens: _Positive | None = None
    """Padded target tokens of the first batches; 256 on a CPU, 4,096 on a GPU."""
    last_tokens: _Positive | None = None
    """Of the largest batches; 4,096 on a CPU, 32,768 on a GPU."""
    growth_tokens: _Positive = 1_000_000
    """Batches grow as the square root of 1 + the target tokens seen / this number."""
    dropout: _Share | None = None
    """None: 0 in the first epoch, 0.1 until the fifth is over, then 0.2."""
    label_smoothing: _Share = 0.0
    weight_decay: Annotated[float, Field(ge=0)] = 0.01
    warm_up_tokens: Annotated[int, Field(ge=0)] = 50_000
    """Target tokens over which the learning rate rises."""
    cool_down: _Share = 0.2
    """Share of the training, its last, over which the learning rate falls. May change when a training is continued."""
    clip: Annotated[float, Field(gt=0)] = 5.0
    average: _Share = 0.999
    """Decay of the running average of the weights that is measured and exported."""


class DialogueSpec(_Asked):
    """A dialogue training."""

    kind: Literal["dialogue"] = "dialogue"
    language: Language
    corpora: tuple[CorpusChoice, ...] = ()
    """Empty: the starter corpus that ships with the trainer."""
    architecture: Architecture = Architecture.TRANSFORMER
    iterations: _Positive | None = None
    """Steps of the optimizer, over all resumed parts."""
    minutes: Annotated[float, Field(gt=0)] | None = None
    """Of training, over all resumed parts; evaluation and export come on top."""
    sizes: Sizes = SMALL
    recipe: Recipe = Recipe()
    begin_with: Path | None = None
    """The `weights.npz` of another bot of the same language, architecture and sizes; None begins with what counting finds."""
    seed: int = 0
    held_out_share: Annotated[float, Field(gt=0, le=0.5)] = 0.02
    licence: str = "Apache-2.0"
    """Of the weights: what the corpora allow."""

    @model_validator(mode="after")
    def _one_length(self) -> Self:
        if (self.iterations is None) == (self.minutes is None):
            raise ValueError("say either iterations or minutes")
        return self
