"""What is to be trained, as one validated model for HTTP, the command line and the start."""

import re
from enum import StrEnum
from typing import Annotated, Any, Final, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter, model_validator

from contracts.kinds import Holdout, Objective
from dialogue.bundle import Architecture, Language
from servicekit.excerpt import excerpt
from trainer.runs.ingest import IngestOptions

__all__ = [
    "BUILT_IN",
    "DEFAULT",
    "MINUTES",
    "RUN_SPEC",
    "SHIPPED",
    "STARTER",
    "BotSize",
    "BotSpec",
    "Engine",
    "FactorsSpec",
    "RunSpec",
]

BUILT_IN: Final = "built-in"
"""The source that needs no file: the seed's five fragments."""
DEFAULT: Final = "default"
"""The source that a trainer was started with: `NTDEMO_DATA`, `/data/data.json` or the built-in data."""

_ACTIVITY_RANK: Final = 32
"""Factors that the data do not ask for are shrunk by their learned precisions, so that more do no harm."""
_COUNTS_RANK: Final = 3
"""The demonstration's."""
SHIPPED: Final = "shipped"
"""The weights that need no file: those of the bot that comes with the product."""
STARTER: Final = "starter"
"""The corpus that needs no file: conversations of our own writing."""
MINUTES: Final = 10.0
"""A bot is trained for so long where nothing else is said."""

_DEVICES: Final = re.compile(r"^(auto|cpu|cuda(:\d{1,3})?)$")
Source = Annotated[str, Field(min_length=1, max_length=4096, pattern=r"^[^\x00-\x1f\x7f]+$")]


class Engine(StrEnum):
    """What fits the factors."""

    TORCH = "torch"
    """PyTorch, on this machine's processor or GPU."""
    SPARK_ALS = "spark-als"
    """Alternating least squares by Spark, spread over its cluster: `counts` that outgrow one machine, near their optimum."""


class BotSize(StrEnum):
    """How large a chatbot's network is; its bundle has at most 12 MB either way."""

    SMALL = "small"
    """Suits a processor: an hour of one core teaches it something."""
    LARGE = "large"
    """Suits a GPU: more than twice the numbers."""


def _device(word: str) -> str:
    if not _DEVICES.match(word):
        raise ValueError(f"{excerpt(word)!r} is no device: expected auto, cpu, cuda or cuda:N")
    return word


class FactorsSpec(BaseModel):
    """Learn a factor vector for every fragment."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["factors"]
    sources: Annotated[
        tuple[Source, ...],
        Field(
            min_length=1,
            max_length=64,
            description="`default` (what the trainer was started with), `built-in`, `dataset:<sha256>` (an upload), paths of "
            "files or directories, or `postgresql://host/database?table=NAME` (or `?query=SELECT …`).",
        ),
    ] = (DEFAULT,)
    objective: Annotated[
        Objective | None,
        Field(description="`activity` for tables of molecules and `counts` for the demonstration's `data.json` where null."),
    ] = None
    engine: Annotated[
        Engine,
        Field(
            description="`spark-als` spreads a fit of `counts` over Spark's cluster, for tables that outgrow one machine. It "
            "fits stated counts alone, with a ridge, and ends near the optimum."
        ),
    ] = Engine.TORCH
    rank: Annotated[
        int | None,
        Field(
            ge=1,
            le=512,
            description=f"Numbers that describe a fragment; {_ACTIVITY_RANK} for `activity` and {_COUNTS_RANK} for `counts` "
            "where null.",
        ),
    ] = None
    holdout: Annotated[
        Holdout, Field(description="Judge `activity` by cells it has not seen, before it learns from all of them.")
    ] = Holdout.NONE
    later: Annotated[
        tuple[Source, ...],
        Field(
            max_length=64,
            description="Files of the holdout `time`, as `sources`: the cells they state judge the fit of all others.",
        ),
    ] = ()
    seed: Annotated[
        int,
        Field(
            ge=0,
            lt=2**32,
            description="Of the random start; the published numbers do not depend on it, except a little by `spark-als`.",
        ),
    ] = 0
    device: Annotated[
        str,
        AfterValidator(_device),
        Field(
            description="`auto` is the first GPU, or the CPU where there is none.",
            json_schema_extra={"pattern": _DEVICES.pattern},
        ),
    ] = "auto"
    ingest: IngestOptions = IngestOptions()
    promote: Annotated[
        bool | None,
        Field(
            description="Whether the run takes `current`, which answers where nobody names a run. When null, it does, unless "
            "the run behind `current` is of other data, the built-in ones excepted, or is judged better on the same cells."
        ),
    ] = None

    @model_validator(mode="before")
    @classmethod
    def _what_only_one_objective_has(cls, given: Any) -> Any:
        """A holdout judges `activity`, and Spark's engine fits `counts`: who asks for one of them has chosen the objective."""
        if not isinstance(given, dict):
            return given
        chosen = given.get("objective")
        if chosen is None and given.get("holdout", Holdout.NONE) != Holdout.NONE:
            chosen = Objective.ACTIVITY
        elif chosen is None and given.get("engine") == Engine.SPARK_ALS:
            chosen = Objective.COUNTS
        rank = given.get("rank")
        if rank is None and chosen in set(Objective):
            rank = _ACTIVITY_RANK if chosen == Objective.ACTIVITY else _COUNTS_RANK
        return {**given, "objective": chosen, "rank": rank}

    @property
    def fitted_objective(self) -> Objective:
        """The objective of a spec that is `decided`."""
        if self.objective is None:
            raise ValueError("this spec has no objective yet")
        return self.objective

    @property
    def fitted_rank(self) -> int:
        """The rank of a spec that is `decided`."""
        if self.rank is None:
            raise ValueError("this spec has no rank yet")
        return self.rank

    def decided(self, objective: Objective) -> Self:
        """The same with everything chosen, `objective` where none was asked for."""
        return type(self).model_validate({**self.model_dump(), "objective": self.objective or objective})

    @model_validator(mode="after")
    def _only_predictions_are_judged(self) -> Self:
        if self.holdout is not Holdout.NONE and self.objective is not Objective.ACTIVITY:
            raise ValueError(
                f"`objective` {self.objective} predicts no cells, so `holdout` {self.holdout} has nothing to judge"
            )
        return self

    @model_validator(mode="after")
    def _engine_of_the_objective(self) -> Self:
        if self.engine is Engine.SPARK_ALS and self.objective is not Objective.COUNTS:
            raise ValueError(f"`engine` {self.engine} fits `objective` counts alone: take `engine` torch for {self.objective}")
        return self

    @model_validator(mode="after")
    def _time_is_given_as_files(self) -> Self:
        if self.holdout is Holdout.TIME and not self.later:
            raise ValueError("`holdout` time judges by the cells of later files: name them in `later`")
        if self.later and self.holdout is not Holdout.TIME:
            raise ValueError("`later` names the files that judge with `holdout` time")
        return self

    @model_validator(mode="after")
    def _named_data_stands_alone(self) -> Self:
        everything = self.sources + self.later
        if len(everything) > 1 and (named := {BUILT_IN, DEFAULT} & set(everything)):
            raise ValueError(f"{min(named)!r} cannot be combined with other sources")
        if len(set(everything)) < len(everything):
            raise ValueError("a source is named twice")
        return self


class BotSpec(BaseModel):
    """Train a chatbot, or continue its training."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["dialogue"]
    language: Language
    corpora: Annotated[
        tuple[Source, ...],
        Field(
            max_length=64,
            description="Files or folders of conversations, or `dataset:<sha256>` (an upload), or `starter` (our own). "
            "`#SOURCE` behind one takes only conversations of that source, `*N` learns each of its exchanges N times an epoch. "
            "The starter corpus alone when empty.",
        ),
    ] = ()
    architecture: Architecture = Architecture.TRANSFORMER
    size: BotSize = BotSize.SMALL
    iterations: Annotated[
        int | None, Field(ge=1, le=10_000_000, description="Steps of the optimizer, over all resumed parts.")
    ] = None
    minutes: Annotated[
        float | None,
        Field(gt=0, le=100_000, description=f"Of training, over all resumed parts; {MINUTES:.0f} when iterations are null."),
    ] = None
    resume: Annotated[bool, Field(description="Continue from the checkpoint of this language's last training.")] = False
    begin_with: Annotated[
        Source | None,
        Field(
            description="`shipped`, or the `weights.npz` that was published with a bot, as a path or `dataset:<sha256>`: a new "
            "training of the same language, architecture and size begins with its network and its words."
        ),
    ] = None
    dropout: Annotated[
        float | None, Field(ge=0, lt=1, description="When null, 0 in the first epoch, 0.1 until the fifth is over, then 0.2.")
    ] = None
    licence: Annotated[
        str | None,
        Field(
            pattern=r"^[A-Za-z0-9][A-Za-z0-9.+ ()-]{0,199}$",
            description="Of the weights, as SPDX: what the corpora allow. When null, Apache-2.0, or that of the shipped "
            "weights where they are begun with.",
        ),
    ] = None
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 0
    device: Annotated[
        str,
        AfterValidator(_device),
        Field(
            description="`auto` is the first GPU, or the CPU where there is none.",
            json_schema_extra={"pattern": _DEVICES.pattern},
        ),
    ] = "auto"

    @model_validator(mode="after")
    def _one_length(self) -> Self:
        if self.iterations is not None and self.minutes is not None:
            raise ValueError("say either `iterations` or `minutes`")
        if len(set(self.corpora)) < len(self.corpora):
            raise ValueError("a corpus is named twice")
        return self


RunSpec = Annotated[FactorsSpec | BotSpec, Field(discriminator="kind")]
"""What can be trained."""
RUN_SPEC: Final[TypeAdapter[FactorsSpec | BotSpec]] = TypeAdapter(RunSpec)
"""Reads a spec from JSON."""
