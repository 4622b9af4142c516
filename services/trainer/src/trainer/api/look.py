"""`python -m trainer.api.look`: looks at what a user handed in, in a process of its own; a question in, an answer out.

The process bounds itself before it reads anything, in memory and processor time. What it hands back is JSON, which can do
nothing to who reads it.
"""

import json
import os
import resource
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, Field

from trainer.runs.ingest import IngestOptions
from trainer.runs.spec import BotSpec, FactorsSpec
from trainer.settings import Settings

__all__ = ["LIMIT_BYTES", "LIMIT_S", "Question", "main"]

LIMIT_BYTES: Final = 3 * 2**30
"""Of address space; libraries and their threads take the first of it."""
LIMIT_S: Final = 60
"""Of processor time, and on the clock."""


class Question(BaseModel):
    """What is to be looked at."""

    kind: Literal["upload", "job", "plan"]
    settings: Settings
    paths: tuple[Path, ...] = ()
    options: IngestOptions | None = None
    spec: Annotated[FactorsSpec | BotSpec, Field(discriminator="kind")] | None = None


def main() -> None:
    """Read the question, look, and print `{"plan": …}`, `{"invalid": …}`, `{"missing": …}` or `{"unread": …}`."""
    out = os.dup(1)
    os.dup2(2, 1)  # what libraries print is no answer
    question = Question.model_validate_json(sys.stdin.buffer.read())
    resource.setrlimit(resource.RLIMIT_AS, (LIMIT_BYTES, LIMIT_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (LIMIT_S, LIMIT_S + 1))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    answer = _looked(question)
    with os.fdopen(out, "w", encoding="utf-8") as pipe:
        json.dump(answer, pipe)


def _looked(question: Question) -> dict[str, Any]:
    from trainer.data.offences import InvalidData  # noqa: PLC0415 - after the bounds are set
    from trainer.data.sources import DataNotFound  # noqa: PLC0415 - the same

    try:
        return {"plan": _answer(question)}
    except InvalidData as error:
        return {"invalid": {"offences": [asdict(offence) for offence in error.offences], "total": error.total}}
    except DataNotFound as error:
        return {"missing": str(error)}
    except OSError as error:
        return {"unread": {"errno": error.errno, "strerror": error.strerror or str(error), "filename": str(error.filename)}}


def _answer(question: Question) -> Any:
    from trainer.data.sources import locate  # noqa: PLC0415 - after the bounds are set
    from trainer.spark import intake  # noqa: PLC0415 - the same

    match question.spec:
        case FactorsSpec() as spec:
            intake.check(locate(spec.sources + spec.later, question.settings), spec.ingest)
        case BotSpec() as spec:
            from trainer.dialogue import corpora  # noqa: PLC0415 - few jobs need it

            corpora.check(corpora.training_spec(spec, question.settings).corpora)
        case None if question.kind == "plan":
            return _plan(question.paths, question.options or IngestOptions())
        case None:
            intake.check(question.paths, question.options)
    return None


def _plan(paths: tuple[Path, ...], options: IngestOptions) -> dict[str, Any]:
    """How files would be read, as the API states it (`PlanResource`)."""
    from trainer.spark import intake  # noqa: PLC0415 - after the bounds are set
    from trainer.tables.inspection import inspect_files  # noqa: PLC0415 - the same
    from trainer.tables.summary import summarise  # noqa: PLC0415 - the same

    plans, objective = intake.plan(paths, options), intake.objective_of(paths)
    summary = summarise(plans, objective, asked=False)
    inspection = inspect_files(plans, endpoint_in_target=options.endpoint_in_target) if plans else None
    return {
        "lines": summary.lines,
        "objective": objective,
        "files": summary.whole["files"],
        "rows": None if inspection is None else inspection.as_object(),
    }


if __name__ == "__main__":
    main()
